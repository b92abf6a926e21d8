#pragma once

#include <string>
#include <vector>

#include "change/schema_statement.hpp"
#include "libpq/parameters.hpp"

namespace pgmirror::sinks::postgres {

/// One statement that brings sequences of the mirror as far as the source's are used, never back, whatever their
/// limits here. A column's own sequence is found by its column, whatever it is called here. Sequences that the mirror
/// has not, or that its role may not set, are passed over. Parameters: sequence_parameters().
extern const std::string set_sequences_sql;

libpq::Parameters sequence_parameters(const std::vector<change::SequenceValue>& values);

}  // namespace pgmirror::sinks::postgres

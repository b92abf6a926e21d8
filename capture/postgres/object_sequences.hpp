#pragma once

#include <string>

#include "capture/postgres/sequence_state.hpp"

namespace pgmirror::capture::postgres {

/// As CREATE SEQUENCE and identity columns take them.
std::string sequence_options(const SequenceState& sequence);

}  // namespace pgmirror::capture::postgres

#pragma once

#include "config/value_reader.hpp"

namespace pgmirror::config {

/// Sets the source of `config`: which store, and how it is followed. Leaves it alone where no URL was given.
void read_source(ValueReader& reader, Config& config);

}  // namespace pgmirror::config

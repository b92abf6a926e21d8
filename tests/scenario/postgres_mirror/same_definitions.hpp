#pragma once

#include <gtest/gtest.h>

#include "config/config.hpp"

namespace pgmirror::tests {

/// Whether the mirror has, for each table of the source's schema public that keeps its rows, what the source has:
/// columns with types, defaults and NOT NULL, constraints, indexes, replica identity, comments; labels of enums; views.
/// What a mirror has otherwise on purpose counts as the same: foreign keys are deferred, identity columns take any
/// value, partitions are one table. Knows nothing of the product.
testing::AssertionResult same_definitions(const config::ConnectionSettings& source,
                                          const config::ConnectionSettings& mirror);

}  // namespace pgmirror::tests

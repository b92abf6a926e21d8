#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/config.hpp"

namespace pgmirror::tests {

/// Whether every table of the source's `schema` (all schemas of users where empty) stands in the mirror with the same
/// columns, types and rows; tables in `left_out` (`schema.table`) must not be there.
///
/// Independent of the product: the servers print each row as text under the same settings, and rows are compared as
/// sorted lists. On failure the first differences are named. Both sides must be quiet, or the caller asks again with
/// eventually().
testing::AssertionResult same_database(const config::ConnectionSettings& source,
                                       const config::ConnectionSettings& mirror, const std::string& schema = {},
                                       const std::set<std::string>& left_out = {});

/// The same, and the first copy is complete: tables whose rows are all there may still be without their keys, and
/// whoever breaks a line then sees them emptied and copied again.
testing::AssertionResult mirrored_database(const config::ConnectionSettings& source,
                                           const config::ConnectionSettings& mirror, const std::string& schema = {},
                                           const std::set<std::string>& left_out = {});

}  // namespace pgmirror::tests

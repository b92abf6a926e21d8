#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// One situation of an application's database. All names in it are unqualified: it happens in a schema of its own,
/// which is the search_path.
struct MirrorCase {
  std::string name;                     ///< code and situation: `T8_Arrays`
  std::string before;                   ///< what stands before pgmirror starts
  std::vector<std::string> during{};    ///< what is done while it runs, a transaction each
  std::vector<std::string> left_out{};  ///< tables that must not be in the mirror
};
inline void PrintTo(const MirrorCase& situation, std::ostream* out) { *out << situation.name; }
inline std::string name_of(const testing::TestParamInfo<MirrorCase>& situation) { return situation.param.name; }

const std::vector<MirrorCase>& value_cases();
const std::vector<MirrorCase>& name_cases();
const std::vector<MirrorCase>& key_cases();
const std::vector<MirrorCase>& transaction_cases();
const std::vector<MirrorCase>& definition_cases();
const std::vector<MirrorCase>& step_cases();

}  // namespace pgmirror::tests

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace pgmirror::agent::doctor {

enum class Level { ok, warning, error };
const char* to_string(Level level);

/// One thing that was looked at.
struct Finding {
  Level level = Level::ok;
  std::string subject;   ///< what was looked at: `source`, `state directory`, `mirror "eu"`, `table users`
  std::string what;      ///< as it is
  std::string why{};     ///< what comes of it; empty for ok
  std::string remedy{};  ///< the line or the command that mends it; empty where there is nothing to mend
  std::string sql{};     ///< statements that mend it in the mirror
};
using Findings = std::vector<Finding>;

nlohmann::json to_json(const Findings& findings);
/// Several lines; what is wrong comes first.
std::string to_text(const Findings& findings);
Level worst(const Findings& findings);

}  // namespace pgmirror::agent::doctor

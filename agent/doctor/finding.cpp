#include "agent/doctor/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pgmirror::agent::doctor {

using nlohmann::json;

const char* to_string(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "";
}

json to_json(const Findings& findings) {
  json list = json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"level", to_string(finding.level)},
                    {"subject", finding.subject},
                    {"what", finding.what},
                    {"why", finding.why},
                    {"remedy", finding.remedy},
                    {"sql", finding.sql}});
  }
  return list;
}

std::string to_text(const Findings& findings) {
  Findings sorted = findings;
  std::ranges::stable_sort(sorted, std::greater<>{}, &Finding::level);
  std::string text;
  for (const Finding& finding : sorted) {
    text += fmt::format("{:<8} {}: {}\n", to_string(finding.level), finding.subject, finding.what);
    if (!finding.why.empty()) text += fmt::format("         why: {}\n", finding.why);
    if (!finding.remedy.empty()) text += fmt::format("         do:  {}\n", finding.remedy);
    if (!finding.sql.empty()) text += fmt::format("         sql: {}\n", finding.sql);
  }
  return text;
}

Level worst(const Findings& findings) {
  Level level = Level::ok;
  for (const Finding& finding : findings) level = std::max(level, finding.level);
  return level;
}

}  // namespace pgmirror::agent::doctor

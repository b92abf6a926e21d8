#include "agent/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/agent/sample_status.hpp"

namespace pgmirror::agent {
namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  std::set<std::string> names;
  const std::regex expression(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

TEST(Metrics, SayHowFarEachMirrorIs) {
  const std::string text = metrics_text(sample_status(), sample_now);
  EXPECT_TRUE(holds(text, "pgmirror_lag_seconds{mirror=\"near\"} 4\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_backlog_transactions{mirror=\"near\"} 3\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_applied_changes_total{mirror=\"near\"} 8411\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_mirror_state{mirror=\"far\",state=\"waiting\"} 1\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_mirror_state{mirror=\"far\",state=\"streaming\"} 0\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_queue_bytes 3145728\n")) << text;
  EXPECT_TRUE(holds(text, "pgmirror_troubles 1\n")) << text;
}

TEST(Metrics, LeaveOutWhatIsNotKnown) {
  EXPECT_FALSE(holds(metrics_text(sample_status(), sample_now), "pgmirror_lag_seconds{mirror=\"far\"}"))
      << "a mirror that has nothing is not up to date";
}

TEST(Metrics, KeepToTheNamingRules) {
  const std::string text = metrics_text(sample_status(), sample_now);
  for (const std::string& name : matches(text, "# TYPE (\\S+) ")) {
    EXPECT_TRUE(name.starts_with("pgmirror_")) << name;
    EXPECT_TRUE(holds(text, "# HELP " + name + " ")) << name;
  }
  for (const std::string& name : matches(text, "# TYPE (\\S+) counter")) EXPECT_TRUE(name.ends_with("_total")) << name;
  for (const std::string& name : matches(text, "# TYPE (\\S+) gauge")) EXPECT_FALSE(name.ends_with("_total")) << name;
}

TEST(Metrics, AreAllInTheDocumentation) {
  std::ifstream file(PGMIRROR_DOCS "/metrics.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(matches(metrics_text(sample_status(), sample_now), "# TYPE (\\S+) "),
            matches(page.str(), "\\| `(pgmirror_\\w+)` \\| (?:gauge|counter)"));
}

}  // namespace
}  // namespace pgmirror::agent

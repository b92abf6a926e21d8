#include <gtest/gtest.h>

#include "agent/doctor/checks.hpp"

namespace pgmirror::agent::doctor {
namespace {

using sinks::postgres::ServerFacts;

/// Nothing is found where nothing is said about it: its level is ok then, and there are no words.
Finding about(const Findings& findings, const std::string& extension) {
  for (const Finding& finding : findings) {
    if (finding.what.find("extension " + extension) != std::string::npos) return finding;
  }
  return {};
}

Findings check(const ServerFacts& facts, const std::set<std::string>& extensions) {
  config::Mirror eu{.name = "eu", .schema = "public"};
  eu.connection.database = "shop";
  return check_mirror(eu, facts, extensions);
}

ServerFacts answered() {
  ServerFacts facts{.version = 150000};
  facts.role = "mirror";
  return facts;
}

TEST(MirrorChecks, ExtensionThatNobodyInstalledIsAnError) {
  ServerFacts facts = answered();
  facts.extensions = {{"citext", ServerFacts::Extension::ours}, {"hstore", ServerFacts::Extension::of_others}};
  const Findings findings = check(facts, {"citext", "hstore", "postgis"});
  EXPECT_EQ(about(findings, "postgis").level, Level::error);
  EXPECT_NE(about(findings, "postgis").remedy, "");
  EXPECT_EQ(about(findings, "hstore").level, Level::warning);
  EXPECT_EQ(about(findings, "hstore").sql, "CREATE EXTENSION \"hstore\";");
  EXPECT_EQ(about(findings, "citext").level, Level::ok);
  EXPECT_NE(about(findings, "citext").what, "");
}

TEST(MirrorChecks, ExtensionsThatNobodyNeedsAreNotNamed) { EXPECT_EQ(about(check(answered(), {}), "").what, ""); }

}  // namespace
}  // namespace pgmirror::agent::doctor

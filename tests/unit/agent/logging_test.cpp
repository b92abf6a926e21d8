#include "agent/logging.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

namespace pgmirror::agent {
namespace {

template <typename Write>
std::string written(const config::Log& log, const std::vector<std::string>& secrets, Write write) {
  testing::internal::CaptureStdout();
  configure_logging(log, secrets);
  write();
  return testing::internal::GetCapturedStdout();
}

TEST(Logging, WritesTextLinesToStandardOutput) {
  const std::string output =
      written({"info", config::LogFormat::text}, {}, [] { spdlog::info("[MirrorCopy] {} rows", 3); });
  const std::regex expected(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  \[MirrorCopy\] 3 rows\n)");
  EXPECT_TRUE(std::regex_match(output, expected)) << output;
}

TEST(Logging, LevelsBelowTheChosenAreSilent) {
  const std::string output = written({"warn", config::LogFormat::text}, {}, [] {
    spdlog::debug("one");
    spdlog::info("two");
    spdlog::warn("three");
    spdlog::error("four");
  });
  EXPECT_EQ(output.find("one"), std::string::npos);
  EXPECT_EQ(output.find("two"), std::string::npos);
  EXPECT_NE(output.find("Z warn  three\n"), std::string::npos) << output;
  EXPECT_NE(output.find("Z error four\n"), std::string::npos) << output;
}

TEST(Logging, DebugLinesComeAtDebugLevel) {
  const std::string output = written({"debug", config::LogFormat::text}, {}, [] {
    spdlog::trace("one");
    spdlog::debug("two");
  });
  EXPECT_EQ(output.find("one"), std::string::npos);
  EXPECT_NE(output.find("Z debug two\n"), std::string::npos) << output;
}

TEST(Logging, SecretsNeverComeOutInAnyFormat) {
  for (const auto format : {config::LogFormat::text, config::LogFormat::json}) {
    const std::string output = written({"info", format}, {"S3cret\"tok"}, [] {
      spdlog::error("[MirrorConnection] failed with S3cret\"tok and S3cret%22tok");
      spdlog::info("postgresql://u:hunter2@h/d");
    });
    EXPECT_EQ(output.find("S3cret"), std::string::npos) << output;
    EXPECT_EQ(output.find("hunter2"), std::string::npos) << output;
    EXPECT_NE(output.find("failed with *** and ***"), std::string::npos) << output;
  }
}

TEST(Logging, AMessageCannotForgeALine) {
  const std::string output =
      written({"info", config::LogFormat::text}, {}, [] { spdlog::info("a\n2026 info  [Agent] all is well"); });
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1);
}

TEST(Logging, JsonLinesFromManyThreadsAreWhole) {
  const std::string output = written({"info", config::LogFormat::json}, {}, [] {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([thread] {
        for (int line = 0; line < 100; ++line) spdlog::info("[T{}] line {} \"quoted\"\nsecond \xff", thread, line);
      });
    }
  });
  std::istringstream lines(output);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    const auto parsed = nlohmann::json::parse(line);
    EXPECT_EQ(parsed.size(), 4U);
    EXPECT_EQ(parsed.at("level"), "info");
    ++count;
  }
  EXPECT_EQ(count, 400);
}

TEST(Logging, CanBeConfiguredAgain) {
  written({"error", config::LogFormat::json}, {}, [] {});
  const std::string output =
      written({"info", config::LogFormat::text}, {"later-secret"}, [] { spdlog::info("x later-secret"); });
  EXPECT_NE(output.find(" x ***\n"), std::string::npos) << output;
}

TEST(Logging, RefusesUnknownLevels) {
  EXPECT_THROW(configure_logging({"loud", config::LogFormat::text}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace pgmirror::agent

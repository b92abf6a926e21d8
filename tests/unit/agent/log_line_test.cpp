#include "agent/log_line.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgmirror::agent {
namespace {

using namespace std::literals;

const LogTime time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 3h + 50min + 31s + 7ms};

TEST(LogLine, TimesAreUtcWithMilliseconds) { EXPECT_EQ(utc_timestamp(time), "2026-11-20T03:50:31.007Z"); }

TEST(LogLine, TextAlignsTheTags) {
  EXPECT_EQ(text_log_line(time, "info", "[MirrorCopy] text"), "2026-11-20T03:50:31.007Z info  [MirrorCopy] text");
  EXPECT_EQ(text_log_line(time, "error", "[MirrorCopy] text"), "2026-11-20T03:50:31.007Z error [MirrorCopy] text");
}

TEST(LogLine, TextIsOneLineWhateverTheMessage) {
  EXPECT_EQ(text_log_line(time, "info", "a\nb\r\tc\x1b[2J\x7f\0d"sv),
            "2026-11-20T03:50:31.007Z info  a\\nb\\r\\tc\\x1b[2J\\x7f\\x00d");
  EXPECT_TRUE(text_log_line(time, "info", "é☃").ends_with("é☃"));
}

TEST(LogLine, JsonTakesTheTagApart) {
  EXPECT_EQ(json_log_line(time, "warn", "[MirrorCopy] users 1/2"),
            R"({"ts":"2026-11-20T03:50:31.007Z","level":"warn","component":"MirrorCopy","msg":"users 1/2"})");
}

TEST(LogLine, JsonWithoutTagHasNoComponent) {
  EXPECT_EQ(json_log_line(time, "info", "plain ] text"),
            R"({"ts":"2026-11-20T03:50:31.007Z","level":"info","msg":"plain ] text"})");
  EXPECT_EQ(json_log_line(time, "info", "[open"), R"({"ts":"2026-11-20T03:50:31.007Z","level":"info","msg":"[open"})");
  EXPECT_EQ(json_log_line(time, "info", "[] x"), R"({"ts":"2026-11-20T03:50:31.007Z","level":"info","msg":"[] x"})");
}

TEST(LogLine, JsonIsValidWhateverTheMessage) {
  const std::string message = "[A] say \"hi\"\n\x1b\xff\0}"s;
  const std::string line = json_log_line(time, "info", message);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed.at("component"), "A");
  EXPECT_EQ(parsed.at("msg"), "say \"hi\"\n\x1b\xef\xbf\xbd\0}"s);
}

}  // namespace
}  // namespace pgmirror::agent

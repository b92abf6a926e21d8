#include "agent/status_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/plain_figure.hpp"
#include "agent/status_document.hpp"
#include "tests/unit/agent/sample_status.hpp"

namespace pgmirror::agent {
namespace {

std::string shown(const AgentStatus& status, Colour colour = Colour::no) {
  return status_text(status_document(status, sample_now), colour);
}
bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(StatusText, BeginsWithTheTroubles) {
  EXPECT_TRUE(shown(sample_status()).starts_with("! mirror \"far\": connection refused; start the server\n"))
      << shown(sample_status());
}

TEST(StatusText, ShowsAtAGlanceHowFarEachMirrorIs) {
  const std::string text = shown(sample_status());
  EXPECT_TRUE(holds(text, "Mirror  near (127.0.0.1:5432/app): streaming, 4.00 s behind (3 transactions, 2.0 KiB)"))
      << text;
  EXPECT_TRUE(holds(text, "8 411 rows in 1 200 transactions applied")) << text;
  EXPECT_TRUE(holds(text, "Mirror  far (db.example.org:5432/app): waiting, has nothing yet")) << text;
  EXPECT_TRUE(holds(text, "attempt 4 failed, next at 2026-11-20T10:00:08.000Z")) << text;
  EXPECT_TRUE(holds(text, "Queue   3.0 MiB of 10.0 MiB (30 %), 2 segments")) << text;
  EXPECT_TRUE(holds(text, "public.users")) << text;
}

TEST(StatusText, SaysWhyATableIsStopped) {
  AgentStatus status = sample_status();
  status.mirrors[0].status.tables.push_back({.schema = "public",
                                             .name = "orders",
                                             .state = "stopped",
                                             .skipped = 12,
                                             .last_error = "violates check constraint \"small\""});
  const std::string text = shown(status);
  EXPECT_TRUE(holds(text, "12 changes left out; violates check constraint")) << text;
  EXPECT_TRUE(holds(text, "! mirror \"near\": table orders is stopped")) << text;
}

TEST(StatusText, IsColouredOnlyWhenAsked) {
  EXPECT_FALSE(holds(shown(sample_status()), "\x1b"));
  EXPECT_TRUE(holds(shown(sample_status(), Colour::yes), "\x1b[32mstreaming\x1b[0m"));
}

TEST(StatusText, WorksWithoutAMirrorOrAQueue) {
  auto document =
      status_document(AgentStatus{.source = "sqlite:///x", .phase = AgentStatus::Phase::starting}, sample_now);
  document["queue"] = nullptr;
  document["agent"] = {{"running", false}, {"version", "0.1.0"}};
  const std::string text = status_text(document, Colour::no);
  EXPECT_TRUE(holds(text, "none runs")) << text;
  EXPECT_TRUE(holds(text, "Queue   none yet")) << text;
}

TEST(StatusText, FitsOnOneLineForLogs) {
  const std::string line = status_line(status_document(sample_status(), sample_now));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(holds(line, "near streaming 4.00 s behind")) << line;
  EXPECT_TRUE(holds(line, "1 trouble: mirror \"far\"")) << line;
}

TEST(PlainFigure, IsShortAndReadable) {
  EXPECT_EQ(duration_text(0.061), "0.06 s");
  EXPECT_EQ(duration_text(42), "42 s");
  EXPECT_EQ(duration_text(185), "3 min 5 s");
  EXPECT_EQ(duration_text(7800), "2 h 10 min");
  EXPECT_EQ(duration_text(273600), "3 d 4 h");
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((std::uint64_t{1} << 20U) - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{10} << 30U), "10.0 GiB");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1 000");
  EXPECT_EQ(count_text(1234567), "1 234 567");
}

}  // namespace
}  // namespace pgmirror::agent

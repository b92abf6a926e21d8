#include <gtest/gtest.h>

#include <limits>

#include "capture/postgres/preflight.hpp"
#include "capture/postgres/sequence_watch.hpp"

namespace pgmirror::capture::postgres {
namespace {

SequenceState sequence(std::int64_t last, std::int64_t increment, std::int64_t minimum, std::int64_t maximum) {
  SequenceState state;
  state.last_value = last;
  state.increment = increment;
  state.minimum = minimum;
  state.maximum = maximum;
  return state;
}

TEST(Sequences, D16_TheMarginStaysWithinTheBounds) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(ahead_of(sequence(5, 1, 1, most), 1000).value, 1005);
  EXPECT_EQ(ahead_of(sequence(5, 10, 1, 100), 1000).value, 100);
  EXPECT_EQ(ahead_of(sequence(most - 1, 1, 1, most), 1000).value, most);
  const auto down = ahead_of(sequence(least + 1, -10, least, -1), 1000);
  EXPECT_EQ(down.value, least);
  EXPECT_TRUE(down.descending);
  SequenceState cached = sequence(5, 1, 1, most);
  cached.cache = 5000;
  EXPECT_EQ(ahead_of(cached, 1000).value, 5005);
}

std::string codes(const PreflightFindings& findings) {
  std::string text;
  for (const PreflightFinding& finding : findings) {
    if (finding.severity != PreflightFinding::Severity::ok) text += finding.code + " ";
  }
  return text;
}

PreflightFacts good_server() {
  PreflightFacts facts;
  facts.version_text = "PostgreSQL 15.4";
  facts.version = 150004;
  facts.wal_level = "logical";
  facts.encoding = "UTF8";
  facts.max_slots = 10;
  facts.max_senders = 10;
  facts.slot_wal_limit_mb = 10240;
  facts.replication = true;
  return facts;
}

TEST(Preflight, S16_S19_EachTroubleOfAServerHasItsName) {
  EXPECT_EQ(codes(preflight_server(good_server())), "");
  const auto with = [](auto change) {
    PreflightFacts facts = good_server();
    change(facts);
    return codes(preflight_server(facts));
  };
  EXPECT_EQ(with([](PreflightFacts& f) { f.version = 110022; }), "server_version ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.version = 990000; }), "server_version ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.pooled = true; }), "pooler ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.in_recovery = true; }), "standby ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.wal_level = "replica"; }), "wal_level ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.encoding = "SQL_ASCII"; }), "encoding ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.used_slots = 10; }), "replication_slots ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.used_slots = 9; }), "replication_slots ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.used_slots = 9, f.slot_exists = true; }), "");
  EXPECT_EQ(with([](PreflightFacts& f) { f.used_senders = 9; }), "wal_senders ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.slot_wal_limit_mb = -1; }), "slot_wal_limit ");
  EXPECT_EQ(with([](PreflightFacts& f) { f.slot_wal_limit_mb = 64; }), "slot_wal_limit ");
  PreflightFacts other;
  other.version_text = "CockroachDB CCL v23.1";
  EXPECT_EQ(codes(preflight(other, {}, {})), "server_kind ");
}

}  // namespace
}  // namespace pgmirror::capture::postgres

#include "agent/status_document.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/agent/sample_status.hpp"

namespace pgmirror::agent {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

std::set<std::string> fields(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

TEST(StatusDocument, HasExactlyTheFieldsThatOthersRelyOn) {
  const json document = status_document(sample_status(), sample_now);
  EXPECT_EQ(fields(document),
            (std::set<std::string>{"format", "at", "agent", "healthy", "troubles", "source", "queue", "mirrors"}));
  EXPECT_EQ(fields(document["agent"]),
            (std::set<std::string>{"running", "phase", "reason", "version", "pid", "started"}));
  EXPECT_EQ(fields(document["source"]),
            (std::set<std::string>{"url", "method", "identity", "position", "retained_bytes"}));
  EXPECT_EQ(fields(document["queue"]),
            (std::set<std::string>{"bytes", "budget_bytes", "segments", "oldest_commit", "blocked_since"}));
  EXPECT_EQ(fields(document["mirrors"][0]),
            (std::set<std::string>{"name", "address", "tls", "state", "reason", "attempts", "next_attempt", "position",
                                   "durable_position", "commit_time", "lag_seconds", "backlog", "applied", "copy",
                                   "drifted_rows", "retries", "parked", "proven_equal_at", "tables"}));
  EXPECT_EQ(fields(document["mirrors"][0]["tables"][0]),
            (std::set<std::string>{"schema", "name", "state", "changes", "skipped", "last_error"}));
}

TEST(StatusDocument, SaysTimesAndPositionsAsText) {
  const json document = status_document(sample_status(), sample_now);
  EXPECT_EQ(document["at"], "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(document["source"]["position"], "0/2A00");
  EXPECT_EQ(document["mirrors"][0]["commit_time"], "2026-11-20T09:59:55.000Z");
  EXPECT_EQ(document["mirrors"][1]["next_attempt"], "2026-11-20T10:00:08.000Z");
}

TEST(StatusDocument, LeavesOpenWhatIsNotKnown) {
  const json far = status_document(sample_status(), sample_now)["mirrors"][1];
  EXPECT_TRUE(far["position"].is_null());
  EXPECT_TRUE(far["lag_seconds"].is_null()) << "a mirror that has nothing is not up to date";
  EXPECT_TRUE(far["backlog"]["transactions"].is_null());
  EXPECT_TRUE(far["tls"].is_null());
}

TEST(StatusDocument, LagIsTheAgeOfTheOldestCommitThatIsMissing) {
  AgentStatus status = sample_status();
  EXPECT_EQ(status_document(status, sample_now)["mirrors"][0]["lag_seconds"], 4.0);
  status.mirrors[0].backlog = {};
  EXPECT_EQ(status_document(status, sample_now)["mirrors"][0]["lag_seconds"], 0.0)
      << "an idle source does not make an up-to-date mirror late";
  status.mirrors[0].backlog = {.transactions = 1, .oldest_commit = commit_time_ago(-2s)};
  EXPECT_EQ(status_document(status, sample_now)["mirrors"][0]["lag_seconds"], 0.0) << "clocks may differ";
}

TEST(StatusDocument, IsHealthyOnlyWithoutTroubles) {
  AgentStatus status = sample_status();
  EXPECT_FALSE(status_document(status, sample_now)["healthy"].get<bool>());
  status.mirrors.pop_back();
  EXPECT_TRUE(status_document(status, sample_now)["healthy"].get<bool>());
  status.phase = AgentStatus::Phase::waiting;
  status.reason = "disk full";
  EXPECT_EQ(status_document(status, sample_now)["troubles"], json::array({"disk full"}));
}

}  // namespace
}  // namespace pgmirror::agent

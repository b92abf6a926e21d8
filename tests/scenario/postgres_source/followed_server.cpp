#include "tests/scenario/postgres_source/followed_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <pqxx/pqxx>

#include "capture/postgres/log_position.hpp"
#include "capture/postgres/slot_names.hpp"
#include "capture/source_refused.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

std::string ask(const config::ConnectionSettings& settings, const std::string& statements) {
  pqxx::connection connection(connection_string(settings));
  const pqxx::result result = pqxx::nontransaction(connection).exec(statements);
  if (result.empty() || result[0].empty() || result[0][0].is_null()) return {};
  return result[0][0].c_str();
}

}  // namespace

FollowedServer::FollowedServer(ThrowawayPostgres& server)
    : settings{.connection = server.create_database()}, direct(settings.connection), server_(server) {}

FollowedServer::~FollowedServer() {
  stop();
  settings.connection = direct;
  // The server may take a moment to notice that we are gone, and some tests leave it stopped.
  EXPECT_TRUE(eventually(30s, [this]() -> testing::AssertionResult {
    try {
      capture::postgres::teardown(settings);
      return testing::AssertionSuccess();
    } catch (const std::exception& refused) {
      return testing::AssertionFailure() << refused.what();
    }
  }));
}

std::string FollowedServer::sql(const std::string& statements) { return ask(direct, statements); }

std::unique_ptr<pqxx::connection> FollowedServer::open_session() const {
  return std::make_unique<pqxx::connection>(connection_string(direct));
}

std::string FollowedServer::administer(const std::string& statements) {
  return ask(server_.administration(), statements);
}

std::unique_ptr<capture::postgres::PostgresSource> FollowedServer::make_source() {
  return std::make_unique<capture::postgres::PostgresSource>(
      settings, rules, state_.path(), identity ? log_.end() : change::Position{}, identity, pace);
}

void FollowedServer::start() {
  source_ = make_source();
  if (!identity) log_.start_at(source_->queue_start());
  identity = source_->identity();
  refusal_.clear();
  ended_ = false;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      source_->run(log_, stop);
    } catch (const std::exception& refused) {
      refusal_ = refused.what();
    }
    ended_ = true;
  });
}

void FollowedServer::end_run() {
  log_.open_gate();
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  EXPECT_EQ(refusal_, "");
}

void FollowedServer::stop() {
  end_run();
  source_.reset();
}

void FollowedServer::stop_and_free_slot() {
  stop();
  EXPECT_TRUE(eventually(30s, [this] {
    return sql("SELECT 1 FROM pg_replication_slots WHERE database = current_database() AND (active OR temporary)")
        .empty();
  }));
}

std::string FollowedServer::streaming_process() {
  std::string process;
  EXPECT_TRUE(eventually(30s, [&] {
    process = administer(
        "SELECT pid FROM pg_stat_replication JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = '" +
        slot() + "'");
    return !process.empty();
  }));
  return process;
}

std::string FollowedServer::wait_for_refusal(std::chrono::milliseconds patience) {
  if (!eventually(patience, [this] { return ended_.load(); })) {
    stop();
    return {};
  }
  thread_.join();
  source_.reset();
  return std::exchange(refusal_, {});
}

std::string FollowedServer::refusal_at_start() {
  try {
    make_source();
    return {};
  } catch (const capture::SourceRefused& refused) {
    return refused.what();
  }
}

bool FollowedServer::caught_up(std::chrono::milliseconds deadline) {
  // Flushed, so that the position can be reached at all.
  const change::Position target =
      capture::postgres::parse_log_position(sql("SELECT pg_logical_emit_message(true, 'test', '')"));
  return eventually(deadline, [&] { return log_.end() >= target; });
}

std::vector<std::string> FollowedServer::new_changes() {
  EXPECT_TRUE(caught_up());
  std::vector<std::string> all = log_.changes();
  const std::size_t from = std::exchange(taken_, all.size());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
  return all;
}

change::Position FollowedServer::confirmed() {
  const std::string text =
      administer("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + slot() + "'");
  return text.empty() ? change::Position{} : capture::postgres::parse_log_position(text);
}

change::Position FollowedServer::server_position() {
  return capture::postgres::parse_log_position(administer("SELECT pg_current_wal_flush_lsn()"));
}

std::string FollowedServer::slot() const { return capture::postgres::slot_names(settings).slot; }

}  // namespace pgmirror::tests

#include "tests/crash/ledger_watch.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

struct Seen {
  std::int64_t checkpoint = 0;
  std::int64_t transfers = 0;
  std::map<std::string, std::int64_t> counters;
};

/// As the program promises it: behind all copies, and no table left out.
std::string complete_sql(std::int64_t tables) {
  return fmt::format(
      "SELECT c.position FROM pgmirror.checkpoint c, (SELECT max(copied_at) AS copied, bool_and(state = 'live') AS "
      "live, count(*) AS tables FROM pgmirror.tables) t WHERE t.live AND t.tables = {} AND c.position >= t.copied",
      tables);
}

std::string fault_of_bank(const pqxx::row& accounts, const pqxx::row& ledger, std::int64_t total) {
  const auto sum = accounts[0].as<std::int64_t>();
  if (sum != total) return fmt::format("the balances sum up to {} instead of {}", sum, total);
  const auto transfers = accounts[1].as<std::int64_t>();
  for (const auto& figure : ledger) {
    if (figure.as<std::int64_t>() == transfers) continue;
    return fmt::format("after {} transfers the ledger has {} rows, {} distinct ones, up to number {}", transfers,
                       ledger[0].as<std::int64_t>(), ledger[1].as<std::int64_t>(), ledger[2].as<std::int64_t>());
  }
  return {};
}

std::string fault_of_order(const Seen& before, const Seen& now) {
  std::int64_t sum = 0;
  for (const auto& [name, n] : now.counters) {
    sum += n;
    const auto found = before.counters.find(name);
    if (found != before.counters.end() && n < found->second)
      return fmt::format("{} went back from {} to {}", name, found->second, n);
  }
  if (sum != now.transfers) return fmt::format("after {} transfers the counters have counted {}", now.transfers, sum);
  if (now.checkpoint < before.checkpoint) return "the checkpoint went back";
  return {};
}

}  // namespace

LedgerWatch::LedgerWatch(config::ConnectionSettings mirror, const LedgerTruth& truth)
    : mirror_(std::move(mirror)), truth_(truth), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

std::vector<std::string> LedgerWatch::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

std::uint64_t LedgerWatch::snapshots() const {
  const std::lock_guard lock(mutex_);
  return snapshots_;
}

std::int64_t LedgerWatch::last_number() const {
  const std::lock_guard lock(mutex_);
  return last_number_;
}

void LedgerWatch::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      follow(stop);
    } catch (const pqxx::broken_connection&) {
      let_time_pass(std::chrono::milliseconds{20});
    } catch (const pqxx::undefined_table&) {
      let_time_pass(std::chrono::milliseconds{20});
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      faults_.emplace_back(error.what());
      return;
    }
  }
}

void LedgerWatch::follow(const std::stop_token& stop) {
  pqxx::connection connection(connection_string(mirror_));
  const std::string complete = complete_sql(truth_.tables);
  Seen seen;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    pqxx::transaction<pqxx::repeatable_read> snapshot(connection);
    const auto checkpoint = snapshot.exec(complete);
    if (checkpoint.empty()) {
      let_time_pass(std::chrono::milliseconds{5});
      continue;
    }
    const auto accounts = snapshot.exec1("SELECT sum(balance), sum(transfers) FROM public.account");
    const auto ledger =
        snapshot.exec1("SELECT count(*), count(DISTINCT number), coalesce(max(number), 0) FROM public.ledger");
    Seen now{
        .checkpoint = checkpoint[0][0].as<std::int64_t>(), .transfers = accounts[1].as<std::int64_t>(), .counters = {}};
    for (const auto& row : snapshot.exec("SELECT name, n FROM public.counter"))
      now.counters[row[0].as<std::string>()] = row[1].as<std::int64_t>();
    std::string fault = fault_of_bank(accounts, ledger, truth_.total);
    if (fault.empty()) fault = fault_of_order(seen, now);
    {
      const std::lock_guard lock(mutex_);
      if (!fault.empty()) faults_.push_back(fmt::format("at checkpoint {}: {}", now.checkpoint, fault));
      ++snapshots_;
      last_number_ = ledger[2].as<std::int64_t>();
    }
    seen = std::move(now);
    // The ledger grows: reading it without a rest would be most of what the machine does.
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    let_time_pass(std::chrono::milliseconds{10} + 3 * took);
  }
}

}  // namespace pgmirror::tests

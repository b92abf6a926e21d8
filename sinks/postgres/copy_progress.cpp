#include "sinks/postgres/copy_progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace pgmirror::sinks::postgres {
namespace {

using Clock = CopyList::Clock;

constexpr std::chrono::seconds between_lines{1};
constexpr std::chrono::milliseconds between_looks{200};

CopyAmount amount_of(std::uint64_t rows, std::optional<std::uint64_t> expected, Clock::duration since) {
  const double seconds = std::chrono::duration<double>(since).count();
  CopyAmount amount{.rows = rows, .expected = expected, .rows_per_second = 0, .remaining = {}};
  if (seconds > 0) amount.rows_per_second = static_cast<double>(rows) / seconds;
  // The source moves on while it is copied: a count taken earlier may be passed.
  if (expected && *expected >= rows && amount.rows_per_second > 0) {
    amount.remaining = std::chrono::duration<double>(static_cast<double>(*expected - rows) / amount.rows_per_second);
  }
  return amount;
}

std::uint64_t percent(const CopyAmount& amount) {
  return *amount.expected == 0 ? 100 : amount.rows * 100 / *amount.expected;
}

std::optional<std::uint64_t> expected_of(const std::vector<CopyList::Table>& tables) {
  std::optional<std::uint64_t> all;
  for (const CopyList::Table& table : tables) {
    if (table.expected) all = all.value_or(0) + *table.expected;
  }
  return all;
}

std::vector<std::string> names_of(const std::vector<CopyList::Table>& tables) {
  std::vector<std::string> names;
  for (const CopyList::Table& table : tables) names.push_back(table.name);
  return names;
}

}  // namespace

CopyList::CopyList(StatusBoard* board, const std::vector<Table>& tables, Clock::time_point start)
    : board_(board), waiting_(names_of(tables)), tables_(tables.size()), expected_(expected_of(tables)), start_(start) {
  publish({}, {}, start);
}

CopyList::~CopyList() {
  if (board_ != nullptr) board_->update([](MirrorStatus& mirror) { mirror.copy.reset(); });
}

void CopyList::begin(const std::string& table, Clock::time_point now) {
  std::erase(waiting_, table);
  publish(table, {}, now);
}

CopyAmount CopyList::amount(Clock::time_point now) const { return amount_of(rows_, expected_, now - start_); }

void CopyList::publish(const std::string& table, const CopyAmount& of_table, Clock::time_point now) const {
  if (board_ == nullptr) return;
  board_->update([&](MirrorStatus& mirror) {
    mirror.copy = CopyStatus{.table = table, .of_table = of_table, .of_all = amount(now), .waiting = waiting_};
  });
}

CopyProgress::CopyProgress(CopyList& list, std::string table, std::optional<std::uint64_t> expected,
                           Clock::time_point start)
    : list_(list),
      table_(std::move(table)),
      expected_(expected),
      start_(start),
      last_line_(start),
      last_published_(start) {
  list_.publish(table_, amount(start), start);
}

void CopyProgress::add(std::uint64_t rows, Clock::time_point now) {
  rows_ += rows;
  list_.add(rows);
  if (now - last_published_ >= between_looks) {
    last_published_ = now;
    list_.publish(table_, amount(now), now);
  }
  if (now - last_line_ < between_lines) return;
  last_line_ = now;
  spdlog::info("[MirrorCopy] {}", line(now));
}

CopyAmount CopyProgress::amount(Clock::time_point now) const { return amount_of(rows_, expected_, now - start_); }

std::string CopyProgress::line(Clock::time_point now) const {
  const CopyAmount at = amount(now);
  const std::string speed = at.rows_per_second >= 10'000 ? fmt::format("{:.0f}k", at.rows_per_second / 1000)
                                                         : fmt::format("{:.0f}", at.rows_per_second);
  std::string line = at.remaining ? fmt::format("{} {}/{} rows ({} %), {} rows/s, {:.0f} s left", table_, rows_,
                                                *expected_, percent(at), speed, at.remaining->count())
                                  : fmt::format("{} {} rows, {} rows/s", table_, rows_, speed);
  const CopyAmount all = list_.amount(now);
  if (list_.tables() > 1 && all.remaining)
    line += fmt::format("; of {} tables {} %, {:.0f} s left", list_.tables(), percent(all), all.remaining->count());
  return line;
}

}  // namespace pgmirror::sinks::postgres

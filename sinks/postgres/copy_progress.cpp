#include "sinks/postgres/copy_progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::chrono::seconds between_lines{1};
constexpr std::chrono::milliseconds between_looks{200};

}  // namespace

CopyProgress::CopyProgress(std::string table, std::optional<std::uint64_t> expected, StatusBoard* board,
                           Clock::time_point start)
    : table_(std::move(table)),
      expected_(expected),
      board_(board),
      start_(start),
      last_line_(start),
      last_published_(start) {
  publish(start);
}

void CopyProgress::add(std::uint64_t rows, Clock::time_point now) {
  rows_ += rows;
  if (now - last_published_ >= between_looks) {
    last_published_ = now;
    publish(now);
  }
  if (now - last_line_ < between_lines) return;
  last_line_ = now;
  spdlog::info("[MirrorCopy] {}", line(now));
}

CopyStatus CopyProgress::status(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  CopyStatus status{.table = table_, .rows = rows_, .expected = expected_};
  status.rows_per_second = seconds > 0 ? static_cast<double>(rows_) / seconds : 0;
  // The source moves on while it is copied: a count taken earlier may be passed.
  if (expected_ && *expected_ >= rows_ && status.rows_per_second > 0) {
    status.remaining = std::chrono::duration<double>(static_cast<double>(*expected_ - rows_) / status.rows_per_second);
  }
  return status;
}

void CopyProgress::publish(Clock::time_point now) const {
  if (board_ == nullptr) return;
  board_->update([&](MirrorStatus& mirror) {
    if (!mirror.copy) mirror.copy.emplace();
    auto waiting = std::move(mirror.copy->waiting);
    mirror.copy = status(now);
    mirror.copy->waiting = std::move(waiting);
  });
}

std::string CopyProgress::line(Clock::time_point now) const {
  const CopyStatus at = status(now);
  const std::string speed = at.rows_per_second >= 10'000 ? fmt::format("{:.0f}k", at.rows_per_second / 1000)
                                                         : fmt::format("{:.0f}", at.rows_per_second);
  if (!at.remaining) return fmt::format("{} {} rows, {} rows/s", table_, rows_, speed);
  return fmt::format("{} {}/{} rows ({} %), {} rows/s, {:.0f} s left", table_, rows_, *expected_,
                     *expected_ == 0 ? 100 : rows_ * 100 / *expected_, speed, at.remaining->count());
}

CopyList::CopyList(StatusBoard* board, std::vector<std::string> tables) : board_(board), waiting_(std::move(tables)) {
  publish({});
}

CopyList::~CopyList() {
  if (board_ != nullptr) board_->update([](MirrorStatus& mirror) { mirror.copy.reset(); });
}

void CopyList::begin(const std::string& table) {
  std::erase(waiting_, table);
  publish(table);
}

void CopyList::publish(const std::string& table) const {
  if (board_ == nullptr) return;
  board_->update([&](MirrorStatus& mirror) { mirror.copy = CopyStatus{.table = table, .waiting = waiting_}; });
}

}  // namespace pgmirror::sinks::postgres

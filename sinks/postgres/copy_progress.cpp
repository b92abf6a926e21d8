#include "sinks/postgres/copy_progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace pgmirror::sinks::postgres {

CopyProgress::CopyProgress(std::string table, std::optional<std::uint64_t> expected, Clock::time_point start)
    : table_(std::move(table)), expected_(expected), start_(start), last_line_(start) {}

void CopyProgress::add(std::uint64_t rows, Clock::time_point now) {
  rows_ += rows;
  if (now - last_line_ < std::chrono::seconds{1}) return;
  last_line_ = now;
  spdlog::info("[MirrorCopy] {}", line(now));
}

std::string CopyProgress::line(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(rows_) / seconds : 0;
  const std::string speed = rate >= 10'000 ? fmt::format("{:.0f}k", rate / 1000) : fmt::format("{:.0f}", rate);
  // The source moves on while it is copied: a count taken earlier may be passed.
  if (!expected_ || *expected_ < rows_ || rate <= 0) return fmt::format("{} {} rows, {} rows/s", table_, rows_, speed);
  return fmt::format("{} {}/{} rows ({} %), {} rows/s, {:.0f} s left", table_, rows_, *expected_,
                     *expected_ == 0 ? 100 : rows_ * 100 / *expected_, speed,
                     static_cast<double>(*expected_ - rows_) / rate);
}

}  // namespace pgmirror::sinks::postgres

#include "sinks/postgres/comparisons.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "sinks/postgres/worker_sessions.hpp"

namespace pgmirror::sinks::postgres {

void Comparisons::begin(std::unique_ptr<change::Snapshot> snapshot, VerificationOrder order,
                        const std::stop_token& stop) {
  drifted_before_ = board_.read().drifted_rows;
  if (!order.standing) {
    if (auto connection = second_connection()) {
      running_.emplace(std::move(*connection), mirror_, ownership_, std::move(snapshot), tables_, order.manner);
      order_ = std::move(order);
      return;
    }
  }
  if (auto report = verify(connection_, *snapshot, schema_, tables_, ownership_, order.manner, stop)) {
    answer(order, std::move(*report));
  }
}

std::optional<libpq::Connection> Comparisons::second_connection() const {
  if (mirror_.pool < 2) return std::nullopt;
  try {
    return open_worker_session(mirror_);
  } catch (const libpq::DatabaseError& error) {
    spdlog::info("[MirrorVerify] Applying waits while the mirror is compared: {}", error.what());
    return std::nullopt;
  }
}

void Comparisons::look() {
  if (!running_ || !running_->finished()) return;
  VerificationReport report = running_->take_report();
  running_.reset();
  answer(order_, std::move(report));
}

void Comparisons::give_way() {
  look();
  if (!running_) return;
  running_.reset();
  // That one does not give way again.
  order_.standing = true;
  orders_.give_back(std::exchange(order_, {}));
}

void Comparisons::answer(VerificationOrder& order, VerificationReport report) {
  if (report.equal()) {
    spdlog::info("[MirrorVerify] Proven equal: {} tables", report.tables.size());
  } else if (report.repaired) {
    spdlog::info("[MirrorVerify] Mended {} rows", report.repaired_rows);
  }
  // What was mended is proven by the next comparison, not by this one.
  board_.update([&](MirrorStatus& status) {
    const std::uint64_t drifted_since = status.drifted_rows - drifted_before_;
    if (report.equal()) status.proven_equal_at = report.at;
    status.drifted_rows = drifted_since + (report.repaired ? 0 : report.differing_rows());
  });
  order.answer.set_value(std::move(report));
}

}  // namespace pgmirror::sinks::postgres

#include "sinks/postgres/concurrent_verification.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// A cancel request that comes between two statements does nothing.
constexpr std::chrono::milliseconds between_cancels{50};

}  // namespace

ConcurrentVerification::ConcurrentVerification(libpq::Connection connection, const config::Mirror& mirror,
                                               const Ownership& ownership, std::unique_ptr<change::Snapshot> snapshot,
                                               const TableRegistry& tables, const VerificationManner& manner)
    : connection_(std::move(connection)),
      snapshot_(std::move(snapshot)),
      schema_(mirror),
      stopped_(stopped_tables(*snapshot_, tables)) {
  connection_.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  for (const std::string& setting : ownership.settings(SettingScope::transaction)) connection_.execute(setting);
  connection_.execute(comparison_settings);
  // The transaction's snapshot is taken by this question, so its answer holds for all that is compared.
  const auto standing = peek_checkpoint(connection_, mirror.name);
  if (!standing || standing->epoch != ownership.epoch || standing->position != snapshot_->position()) {
    throw IdentityError(fmt::format("somebody else has moved mirror \"{}\"", mirror.name));
  }
  report_ = std::async(std::launch::async, [this, manner] { return compare(manner); });
}

ConcurrentVerification::~ConcurrentVerification() { end(); }

std::optional<VerificationReport> ConcurrentVerification::compare(const VerificationManner& manner) {
  auto report = compare_tables(connection_, *snapshot_, schema_, stopped_, manner, stop_.get_token());
  if (report) connection_.execute("COMMIT");
  snapshot_.reset();
  return report;
}

bool ConcurrentVerification::finished() const {
  return report_.valid() && report_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

VerificationReport ConcurrentVerification::take_report() { return report_.get().value(); }

void ConcurrentVerification::end() {
  stop_.request_stop();
  if (!report_.valid()) return;
  while (report_.wait_for(between_cancels) != std::future_status::ready) connection_.cancel();
}

}  // namespace pgmirror::sinks::postgres

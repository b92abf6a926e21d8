#include "capture/sqlite/sqlite_source.hpp"

#include "capture/sqlite/capture_session.hpp"

namespace pgmirror::capture::sqlite {

SqliteSource::SqliteSource(const config::SqliteSource& settings, const config::TableRules& rules,
                           const std::filesystem::path& state_directory, change::Position queue_end,
                           const std::optional<change::SourceIdentity>& queue_identity)
    : session_(std::make_unique<Session>(settings, rules, state_directory, queue_end, queue_identity)) {}

SqliteSource::~SqliteSource() = default;

change::SourceIdentity SqliteSource::identity() const { return session_->identity(); }

void SqliteSource::run(change::TransactionWriter& writer, std::stop_token stop) { session_->run(writer, stop); }

std::unique_ptr<change::Snapshot> SqliteSource::open_snapshot() { return session_->open_snapshot(); }

std::optional<std::chrono::steady_clock::time_point> SqliteSource::captured_until() const {
  return session_->captured_until();
}

std::optional<std::string> SqliteSource::trouble() const { return session_->trouble(); }

}  // namespace pgmirror::capture::sqlite

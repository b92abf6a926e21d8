#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/open_store.hpp"
#include "capture/sqlite/shadow_store.hpp"
#include "capture/sqlite/sqlite_source.hpp"
#include "capture/sqlite/transaction_decoder.hpp"
#include "capture/sqlite/turn.hpp"
#include "capture/sqlite/wal_batch.hpp"
#include "capture/sqlite/wal_follower.hpp"

namespace pgmirror::capture::sqlite {

/// What SqliteSource does: the shadow, the decoder that knows its trees, and the store as it is open at the moment.
class SqliteSource::Session {
 public:
  Session(const config::SqliteSource& settings, const config::TableRules& rules,
          const std::filesystem::path& state_directory, change::Position queue_end,
          const std::optional<change::SourceIdentity>& queue_identity);

  change::SourceIdentity identity() const;
  void run(change::TransactionWriter& writer, std::stop_token stop);
  std::unique_ptr<change::Snapshot> open_snapshot();
  std::optional<std::chrono::steady_clock::time_point> captured_until() const;
  std::optional<std::string> trouble() const;

 private:
  using Clock = std::chrono::steady_clock;
  [[noreturn]] void refuse_damaged(const DamagedPage& damage) const;
  [[noreturn]] void refuse_damaged_shadow(const DamagedPage& damage) const;
  WalFollower::Place compare(change::TransactionWriter& writer);
  void compare_with(const PageImage& image, change::TransactionWriter& writer);
  void take_other_page_size(const PageImage& image, change::TransactionWriter& writer);
  void follow_wal(change::TransactionWriter& writer, std::stop_token stop);
  void decode_batches(BatchQueue& queue, change::TransactionWriter& writer, std::stop_token stop);
  void poll_journal(change::TransactionWriter& writer, std::stop_token stop);
  void wait_for_file(std::stop_token stop);
  void wait_for_holder(Clock::time_point since, std::stop_token stop);
  void set_trouble(std::optional<std::string> trouble);
  void reopen();
  void release_locks();
  void pause(std::chrono::milliseconds duration, std::stop_token stop);

  config::SqliteSource settings_;
  config::TableRules rules_;
  std::unique_ptr<OpenStore> store_;
  std::filesystem::path state_directory_;
  std::shared_ptr<ShadowStore> shadow_;
  std::unique_ptr<TransactionDecoder> decoder_;
  Turn turn_;
  Clock::duration comparison_time_{};
  std::atomic<Clock::time_point> captured_until_{Clock::time_point::min()};
  mutable std::mutex trouble_mutex_;
  std::optional<std::string> trouble_;
  /// The commit that the shadow was made from, while the gate has been held since.
  std::optional<WalFollower::Place> made_at_{};
};

}  // namespace pgmirror::capture::sqlite

#include "capture/sqlite/capture_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <numeric>
#include <thread>
#include <utility>

#include "capture/sqlite/batch_queue.hpp"
#include "capture/sqlite/commit_group.hpp"
#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/page_comparison.hpp"
#include "capture/sqlite/shadow_snapshot.hpp"
#include "capture/sqlite/source_refused.hpp"
#include "capture/sqlite/transaction_image.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t queue_bytes = std::size_t{32} << 20U;
constexpr std::chrono::microseconds batch_patience = 100ms;
constexpr auto journal_interval = 10ms;
constexpr auto missing_file_interval = 200ms;
constexpr auto journal_retry = 1ms;
constexpr auto longest_journal_retry = 50ms;
/// Transactions of applications are shorter as a rule.
constexpr auto patience_with_holder = 20s;
constexpr auto longest_journal_interval = 10s;
/// Of the time, at most this part goes into comparing a store that has no WAL.
constexpr int journal_duty = 10;

WalFollower::Place place_of(const WalState& state) { return {state.salts, state.last_frame, state.commits}; }

std::uint32_t change_counter(const PageImage& image) {
  if (image.page_count() == 0) return 0;
  std::vector<std::byte> page(image.page_size());
  image.read(1, page);
  std::uint32_t counter = 0;
  std::memcpy(&counter, page.data() + 24, sizeof counter);
  return __builtin_bswap32(counter);
}

}  // namespace

SqliteSource::Session::Session(const config::SqliteSource& settings, const config::TableRules& rules,
                               const std::filesystem::path& state_directory, change::Position queue_end,
                               const std::optional<change::SourceIdentity>& queue_identity)
    : settings_(settings), rules_(rules), state_directory_(state_directory) {
  const bool is_first_start = !ShadowStore::exists(state_directory);
  if (is_first_start) {
    if (queue_identity || queue_end.value != 0) {
      throw ShadowUnusable(
          fmt::format("shadow: there is none in {} though the queue holds changes; restore the state "
                      "directory or run \"pgmirror resync\"",
                      state_directory.string()));
    }
    store_ = std::make_unique<OpenStore>(settings_);
    spdlog::info("[SqliteSource] first start: copying {} pages of {} into the state directory",
                 store_->header().file_size / store_->header().page_size, settings_.file.string());
    const OpenStore::Frozen frozen(*store_);
    ShadowStore::create(state_directory, frozen.image());
    if (store_->wal() != nullptr) made_at_ = place_of(frozen.state());
  } else {
    store_ = std::make_unique<OpenStore>(settings_);
  }
  shadow_ = std::make_shared<ShadowStore>(state_directory, queue_end.value);
  if (queue_identity && *queue_identity != identity()) {
    throw ShadowUnusable(
        fmt::format("shadow: belongs to {}, the queue to {}; restore the state directory or run \"pgmirror "
                    "resync\"",
                    identity().text, queue_identity->text));
  }
  try {
    decoder_ = std::make_unique<TransactionDecoder>(*shadow_, rules_);
  } catch (const DamagedPage& damage) {
    if (!is_first_start) refuse_damaged_shadow(damage);
    // Or the damage would be found again behind a file that was restored.
    ShadowStore::discard(state_directory);
    refuse_damaged(damage);
  }
}

/// The shadow holds pages of commits that were good when they were captured.
void SqliteSource::Session::refuse_damaged_shadow(const DamagedPage& damage) const {
  throw ShadowUnusable(fmt::format(
      "shadow: is damaged in the state directory {} ({}), the application's file is not; run \"pgmirror resync --all "
      "--yes\" to begin with a new one",
      state_directory_.string(), damage.what()));
}

void SqliteSource::Session::refuse_damaged(const DamagedPage& damage) const {
  throw SourceRefused(fmt::format("sqlite file {}: is damaged ({}); run PRAGMA integrity_check and restore a backup",
                                  settings_.file.string(), damage.what()));
}

change::SourceIdentity SqliteSource::Session::identity() const { return {"sqlite:" + shadow_->identity()}; }

void SqliteSource::Session::pause(std::chrono::milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any paused;
  std::unique_lock lock(mutex);
  paused.wait_for(lock, stop, duration, [] { return false; });
}

void SqliteSource::Session::run(change::TransactionWriter& writer, std::stop_token stop) {
  // The shadow may be taken back to the queue's end after a crash, never forward.
  writer.before_commits_are_written([this] { shadow_->sync(); });
  while (!stop.stop_requested()) {
    if (store_->is_replaced()) {
      wait_for_file(stop);
      if (stop.stop_requested()) break;
      spdlog::warn("[SqliteSource] {}: another file has its name by now; opening that one", settings_.file.string());
      reopen();
    }
    try {
      if (store_->wal() != nullptr) {
        follow_wal(writer, stop);
      } else {
        poll_journal(writer, stop);
      }
    } catch (const DamagedPage& damage) {
      // The shadow is as it was; a second look at the whole file tells a mixed-up view from a damaged file.
      spdlog::warn("[SqliteSource] {}: {}; comparing the whole file", settings_.file.string(), damage.what());
      const std::lock_guard turn(turn_);
      try {
        decoder_ = std::make_unique<TransactionDecoder>(*shadow_, rules_);
      } catch (const DamagedPage& in_shadow) {
        refuse_damaged_shadow(in_shadow);
      }
    }
  }
  release_locks();
}

void SqliteSource::Session::release_locks() {
  // While nobody reads, the application must be able to reset its WAL.
  if (store_->wal() != nullptr) store_->wal()->locks.release_all();
}

void SqliteSource::Session::wait_for_file(std::stop_token stop) {
  // A restore removes the old file before the new one is in place.
  const auto is_missing = [this] { return file_identity(settings_.file) == FileIdentity{}; };
  if (!is_missing()) return;
  spdlog::warn("[SqliteSource] {}: is gone; waiting for a file of that name", settings_.file.string());
  set_trouble(fmt::format("sqlite file {}: is gone; waiting for a file of that name", settings_.file.string()));
  while (!stop.stop_requested() && is_missing()) pause(missing_file_interval, stop);
  set_trouble(std::nullopt);
}

/// The application is writing; between two of its commits there is a gap, which may be short.
void SqliteSource::Session::wait_for_holder(Clock::time_point since, std::stop_token stop) {
  const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since);
  if (held > patience_with_holder && !trouble()) {
    set_trouble(fmt::format(
        "sqlite file {}: another program has held it for itself for more than {} s; nothing is captured until its "
        "transaction ends (PRAGMA locking_mode=EXCLUSIVE must not be used)",
        settings_.file.string(), patience_with_holder.count()));
    spdlog::warn("[SqliteSource] {}", *trouble());
  }
  pause(std::clamp<std::chrono::milliseconds>(held / 100, journal_retry, longest_journal_retry), stop);
}

void SqliteSource::Session::set_trouble(std::optional<std::string> trouble) {
  const std::lock_guard lock(trouble_mutex_);
  trouble_ = std::move(trouble);
}

std::optional<std::string> SqliteSource::Session::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

void SqliteSource::Session::reopen() {
  made_at_.reset();
  store_.reset();
  store_ = std::make_unique<OpenStore>(settings_);
  set_trouble(std::nullopt);
}

WalFollower::Place SqliteSource::Session::compare(change::TransactionWriter& writer) {
  const OpenStore::Frozen frozen(*store_);
  try {
    compare_with(frozen.image(), writer);
  } catch (const DamagedPage& damage) {
    try {
      const TransactionDecoder whole(frozen.image(), rules_);
    } catch (const DamagedPage& in_file) {
      refuse_damaged(in_file);
    }
    refuse_damaged_shadow(damage);
  }
  return place_of(frozen.state());
}

void SqliteSource::Session::compare_with(const PageImage& image, change::TransactionWriter& writer) {
  comparison_time_ = {};
  if (image.page_size() != shadow_->page_size()) return take_other_page_size(image, writer);
  const auto began = std::chrono::steady_clock::now();
  const auto changed = differing_pages(*shadow_, image);
  comparison_time_ = std::chrono::steady_clock::now() - began;
  if (changed.empty() && image.page_count() == shadow_->page_count()) return;
  // Serial number arithmetic, since the counter wraps around.
  if (static_cast<std::int32_t>(change_counter(image) - change_counter(*shadow_)) < 0) {
    spdlog::warn(
        "[SqliteSource] {}: is older than what was captured (restored, or commits lost in a power failure); the "
        "mirror follows it back",
        settings_.file.string());
  }
  CommitGroup group(*shadow_, *decoder_, turn_, writer);
  const std::uint64_t count = group.add(image, changed);
  group.settle(CommitGroup::Extent::all);
  // Without a WAL that is the daily work.
  spdlog::log(store_->wal() != nullptr ? spdlog::level::info : spdlog::level::debug,
              "[SqliteSource] {}: whole file compared, {} pages differed, {} changes in one transaction",
              settings_.file.string(), changed.size(), count);
}

/// A VACUUM may give the file another page size. Rows are compared as after every gap, but no page of the shadow has a
/// place in the new file, so a new shadow is made beside it.
void SqliteSource::Session::take_other_page_size(const PageImage& image, change::TransactionWriter& writer) {
  const std::lock_guard turn(turn_);
  std::vector<PageNumber> pages(image.page_count());
  std::iota(pages.begin(), pages.end(), PageNumber{1});
  writer.begin();
  std::uint64_t count = 0;
  try {
    count = decoder_->decode(*shadow_, image, pages, writer);
  } catch (const DamagedPage&) {
    writer.rollback();
    throw;
  }
  const std::uint64_t sequence = shadow_->sequence() + (count > 0 ? 1 : 0);
  shadow_->make_successor(image, sequence);
  if (count > 0) {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    writer.commit({change::Position{sequence}, now});
  } else {
    writer.rollback();
  }
  writer.sync();
  spdlog::info("[SqliteSource] {}: page size changed from {} to {}; all rows compared, {} changes in one transaction",
               settings_.file.string(), shadow_->page_size(), image.page_size(), count);
  shadow_ = std::make_shared<ShadowStore>(state_directory_, sequence);
}

void SqliteSource::Session::follow_wal(change::TransactionWriter& writer, std::stop_token stop) {
  const auto made_at = std::exchange(made_at_, std::nullopt);
  const WalFollower::Place place = made_at ? *made_at : compare(writer);
  if (stop.stop_requested()) return;
  BatchQueue queue(queue_bytes);
  WalFollower::Limits limits;
  limits.largest_held = shadow_->limits().group_bytes;
  WalFollower follower(*store_, queue, place, limits);
  std::jthread thread([&](std::stop_token thread_stop) {
    try {
      if (follower.run(thread_stop) == WalFollower::End::gap) {
        spdlog::warn("[SqliteSource] {}: commits cannot be read one by one; comparing the whole file",
                     settings_.file.string());
      }
      queue.close(nullptr);
    } catch (...) {
      queue.close(std::current_exception());
    }
  });
  decode_batches(queue, writer, stop);
  thread.request_stop();
  thread.join();
  queue.rethrow_failure();
}

void SqliteSource::Session::decode_batches(BatchQueue& queue, change::TransactionWriter& writer, std::stop_token stop) {
  CommitGroup group(*shadow_, *decoder_, turn_, writer);
  const WalFile& wal = store_->wal()->file;
  while (!stop.stop_requested() && !queue.closed()) {
    if (const auto moment = queue.finished_until()) captured_until_ = *moment;
    const auto batch = queue.pop(group.is_open() ? group.time_left() : batch_patience, stop);
    if (!batch) {
      group.settle(CommitGroup::Extent::visible);
      continue;
    }
    try {
      for (const WalBatch::Transaction& transaction : batch->transactions) {
        group.add(TransactionImage(*shadow_, wal, *batch, transaction), batch->pages_of(transaction));
        if (group.is_full()) group.settle(CommitGroup::Extent::visible);
      }
    } catch (const DamagedPage&) {
      group.settle(CommitGroup::Extent::all);
      throw;
    }
    queue.finish();
    if (queue.empty() && group.time_left() == 0us) group.settle(CommitGroup::Extent::visible);
  }
  group.settle(CommitGroup::Extent::all);
}

void SqliteSource::Session::poll_journal(change::TransactionWriter& writer, std::stop_token stop) {
  StoreHeader seen;
  std::optional<Clock::time_point> held_since;
  while (!stop.stop_requested() && !store_->is_replaced()) {
    const auto now = Clock::now();
    const StoreHeader header = store_->header();
    if (header.is_wal) {
      spdlog::info("[SqliteSource] {}: is in WAL mode by now", settings_.file.string());
      reopen();
      // Or the two ways of asking disagree.
      if (store_->wal() == nullptr) pause(longest_journal_interval, stop);
      return;
    }
    if (header != seen) {
      try {
        const OpenStore::Frozen frozen(*store_);
        seen = store_->header();
        if (seen.is_wal) continue;
        compare_with(frozen.image(), writer);
        captured_until_ = now;
        if (held_since) set_trouble(std::nullopt);
        held_since.reset();
      } catch (const SqliteError& error) {
        if (!error.is_busy()) throw;
        seen = {};
        if (!held_since) held_since = now;
        wait_for_holder(*held_since, stop);
        continue;
      }
      const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(comparison_time_ * journal_duty);
      pause(std::clamp<std::chrono::milliseconds>(rest, journal_interval, longest_journal_interval), stop);
    } else {
      captured_until_ = now;
      pause(journal_interval, stop);
    }
  }
}

std::unique_ptr<change::Snapshot> SqliteSource::Session::open_snapshot() {
  const std::lock_guard turn(turn_);
  return std::make_unique<ShadowSnapshot>(shadow_, decoder_->tables());
}

std::optional<std::chrono::steady_clock::time_point> SqliteSource::Session::captured_until() const {
  const Clock::time_point moment = captured_until_;
  if (moment == Clock::time_point::min()) return std::nullopt;
  return moment;
}

}  // namespace pgmirror::capture::sqlite

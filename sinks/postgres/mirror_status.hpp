#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::sinks::postgres {

enum class MirrorState : std::uint8_t {
  connecting,
  copying,    ///< the rows that stand in the source are being copied
  streaming,  ///< changes are applied as they come
  waiting,    ///< a failure that passes: retried with backoff
  paused,     ///< on request
  failed,     ///< a person has to do something: `reason` says what
  finished,   ///< the agent is ending
};
const char* to_string(MirrorState state);

struct MirrorTableStatus {
  std::string schema;
  std::string name;
  std::string state;
  std::uint64_t changes = 0;  ///< applied since the session began
  std::uint64_t skipped = 0;  ///< changes of a stopped table that were left out
  std::string last_error;
};

/// How far a copy is.
struct CopyAmount {
  std::uint64_t rows = 0;                 ///< copied so far
  std::optional<std::uint64_t> expected;  ///< rows there were when they were last counted
  double rows_per_second = 0;
  std::optional<std::chrono::duration<double>> remaining;  ///< none where nothing can be said
};

/// How far copying tables is.
struct CopyStatus {
  std::string table;  ///< being copied, as the source names it; empty between two
  CopyAmount of_table;
  CopyAmount of_all;                 ///< tables that were to be copied when it began, of which the rows are known
  std::vector<std::string> waiting;  ///< tables that come after it
};

/// How one mirror is doing, as of one moment.
struct MirrorStatus {
  std::string name;
  std::string address;
  std::string tls;  ///< what the connection really uses
  MirrorState state = MirrorState::connecting;
  std::string reason;  ///< why it is waiting or failed
  unsigned attempts = 0;
  std::optional<std::chrono::system_clock::time_point> next_attempt;
  change::Position position;                      ///< of the checkpoint
  change::Position flushed_position;              ///< everything up to here survives a crash of the mirror
  std::optional<change::CommitTime> commit_time;  ///< of the last transaction applied
  std::uint64_t transactions = 0;                 ///< applied since the agent began, as all counts here
  std::uint64_t changes = 0;
  std::uint64_t drifted_rows = 0;  ///< rows of the mirror that were not as we had left them
  std::uint64_t retries = 0;
  std::uint64_t parked = 0;  ///< now in pgmirror.parked
  std::vector<MirrorTableStatus> tables;
  std::optional<CopyStatus> copy;  ///< only while tables are copied
  std::optional<std::chrono::system_clock::time_point> proven_equal_at;
};

/// Where a worker writes its status and others read it. Any thread.
class StatusBoard {
 public:
  explicit StatusBoard(MirrorStatus initial) : status_(std::move(initial)) {}

  MirrorStatus read() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  template <typename Change>
  void update(Change&& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

 private:
  mutable std::mutex mutex_;
  MirrorStatus status_;
};

}  // namespace pgmirror::sinks::postgres

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "queue/change_queue.hpp"
#include "tests/unit/queue/forgetful_disk.hpp"

namespace pgmirror::queue::testing {

/// The life of a queue in which everything happens that writes to its disk: commits, syncs, rolled segments, rollbacks
/// of long transactions, releases, ends of the process with and without open transactions.
///
/// Where the disk reports a failure the process "restarts"; where it is full the history waits and goes on. What the
/// queue promised meanwhile is remembered, which is the whole model: sample transactions 1, 2, 3 ... in order.
class QueueHistory {
 public:
  explicit QueueHistory(std::shared_ptr<ForgetfulDisk> disk) : disk_(std::move(disk)) {}

  /// To the end, or to the power cut, which it reports with false.
  bool run();

  /// What is wrong with what a start after the power cut finds on `disk`; nothing if all promises are kept.
  std::optional<std::string> broken_promise(const std::shared_ptr<ForgetfulDisk>& disk) const;

 private:
  void live();
  void start();
  void write(std::uint64_t last, std::uint64_t sync_every);
  void sync();
  void abandon(std::uint64_t position);
  /// Until a block that ends with a commit is written but not synced.
  void write_unsynced();
  void release(std::uint64_t up_to);
  /// Runs a step; restarts the process when the disk fails it. False if it has to be done again.
  template <typename Step>
  bool survive(Step step);

  std::shared_ptr<ForgetfulDisk> disk_;
  std::unique_ptr<ChangeQueue> queue_;
  std::uint64_t tried_ = 0;     ///< the last commit handed to the queue
  std::uint64_t written_ = 0;   ///< the last commit this process handed over
  std::uint64_t promised_ = 0;  ///< the last commit the queue called durable
  std::uint64_t released_ = 0;
};

}  // namespace pgmirror::queue::testing

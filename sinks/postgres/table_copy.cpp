#include "sinks/postgres/table_copy.hpp"

#include <exception>
#include <thread>
#include <vector>

#include "sinks/postgres/block_queue.hpp"
#include "sinks/postgres/copy_encoder.hpp"
#include "sinks/postgres/copy_sender.hpp"
#include "sinks/postgres/copy_through.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::size_t block_bytes = std::size_t{256} << 10U;
constexpr std::size_t blocks_in_flight = 8;

/// The sending half, on a thread of its own until join().
class SendingThread {
 public:
  SendingThread(libpq::Connection& connection, const MirrorTable& table, const CopyEncoder& encoder, BlockQueue& queue,
                CopyProgress& progress)
      : queue_(queue), thread_([this, &connection, &table, &encoder, &progress] {
          try {
            send_all(connection, table, encoder, progress);
          } catch (...) {
            failure_ = std::current_exception();
            queue_.give_up();
          }
        }) {}

  ~SendingThread() { queue_.give_up(); }

  /// After BlockQueue::complete or give_up. Throws what the thread threw.
  TableCopyOutcome join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
    return outcome_;
  }

 private:
  void send_all(libpq::Connection& connection, const MirrorTable& table, const CopyEncoder& encoder,
                CopyProgress& progress) {
    CopySender sender(connection, table, encoder);
    while (std::optional<CopyBlock> block = queue_.pop()) {
      sender.send(*block, std::move(block->odd));
      progress.add(block->rows);
      queue_.recycle(std::move(*block));
    }
    if (queue_.given_up()) return;
    outcome_.rows = sender.finish();
    outcome_.odd_values = sender.odd_values();
    outcome_.complete = true;
  }

  BlockQueue& queue_;
  TableCopyOutcome outcome_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

TableCopyOutcome copy_parts(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table,
                            CopyProgress& progress, const std::stop_token& stop) {
  TableCopyOutcome outcome;
  std::vector<change::TablePart> parts = snapshot.parts(*table.relation);
  if (parts.empty()) parts.emplace_back();
  for (const change::TablePart& part : parts) {
    const auto rows = copy_through(
        connection, snapshot, table, part, [&](std::uint64_t sent) { progress.add(sent); }, stop);
    if (!rows) return outcome;
    outcome.rows += *rows;
  }
  outcome.complete = true;
  return outcome;
}

}  // namespace

TableCopyOutcome copy_table(libpq::Connection& connection, change::Snapshot& snapshot, const MirrorTable& table,
                            CopyProgress& progress, const std::stop_token& stop) {
  if (can_copy_through(snapshot, table)) return copy_parts(connection, snapshot, table, progress, stop);
  CopyEncoder encoder(table);
  // Its statement and frame never change; the rows' encoder belongs to this thread.
  const CopyEncoder frame(table);
  BlockQueue queue(blocks_in_flight);
  SendingThread sending(connection, table, frame, queue, progress);

  std::uint64_t rows = 0;
  bool going = true;
  CopyBlock block;
  const auto hand_over = [&] {
    going = !stop.stop_requested() && queue.push(std::move(block));
    block = queue.fresh();
  };
  snapshot.read(*table.relation, [&](change::Tuple row) {
    encoder.append(block, row);
    ++rows;
    if (block.bytes.size() >= block_bytes || block.odd.bytes() >= block_bytes) hand_over();
    return going;
  });
  if (going && block.rows > 0) hand_over();
  if (going) {
    queue.complete();
  } else {
    queue.give_up();
  }
  TableCopyOutcome outcome = sending.join();
  if (outcome.complete && outcome.rows != rows) {
    refuse_swallowed_rows(table, rows, outcome.rows);
  }
  return outcome;
}

}  // namespace pgmirror::sinks::postgres

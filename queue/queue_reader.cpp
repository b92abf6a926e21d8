#include "queue/queue_reader.hpp"

#include "queue/segment_catalog.hpp"

namespace pgmirror::queue {

change::Position QueueReader::end() const { return catalog_->end(); }
change::Position QueueReader::begin_position() const { return catalog_->begin(); }

bool QueueReader::wait_durable(change::Position position, std::stop_token stop,
                               std::chrono::milliseconds timeout) const {
  return catalog_->wait_for_end(position, std::move(stop), timeout);
}

Backlog QueueReader::backlog(change::Position after) const { return catalog_->backlog(after); }
Cursor QueueReader::open_cursor(change::Position after) const { return Cursor(catalog_, after); }

std::optional<OpenTransaction> QueueReader::open_transaction(change::Position after, std::uint64_t least_bytes) const {
  const auto growing = catalog_->growing(after, least_bytes);
  if (!growing) return std::nullopt;
  try {
    return std::optional<OpenTransaction>(std::in_place, catalog_, *growing);
  } catch (const TransactionAbandoned&) {
    return std::nullopt;
  }
}

bool QueueReader::wait_for_more(change::Position after, std::uint64_t least_bytes, std::stop_token stop,
                                std::chrono::milliseconds timeout) const {
  return catalog_->wait_for_more(after, least_bytes, std::move(stop), timeout);
}

}  // namespace pgmirror::queue

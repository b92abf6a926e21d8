#include "capture/sqlite/wal_batch_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t usual_batch_bytes = std::size_t{512} << 10U;

}  // namespace

void WalBatchReader::close_transaction(WalBatch& batch, PageFrames& open, PageNumber page_count) {
  WalBatch::Transaction transaction{batch.pages.size(), 0, page_count};
  std::sort(open.begin(), open.end());
  for (auto entry = open.begin(); entry != open.end(); ++entry) {
    const auto next = std::next(entry);
    const bool superseded = next != open.end() && next->first == entry->first;
    // Pages behind the end of the database were spilled before the transaction gave them up; checkpoints skip them too.
    if (superseded || entry->first > page_count) continue;
    batch.pages.push_back(entry->first);
    batch.frames.push_back(entry->second);
  }
  open.clear();
  transaction.end = batch.pages.size();
  batch.transactions.push_back(transaction);
}

void WalBatchReader::split(WalBatch& batch, std::uint64_t salts) {
  PageFrames open;
  const std::size_t count = batch.content.size() / wal_.frame_size();
  for (std::size_t place = 0; place < count; ++place) {
    const auto header = WalFile::decode_header(std::span(batch.content).subspan(place * wal_.frame_size()), salts);
    const auto frame = static_cast<FrameNumber>(batch.first_frame + place);
    if (!header.salted) ++unsalted_frames_;
    open.emplace_back(header.page, frame);
    if (header.page_count == 0) continue;
    close_transaction(batch, open, header.page_count);
    batch.last_frame = frame;
  }
}

WalBatch WalBatchReader::read(const WalState& state, FrameNumber consumed) {
  WalBatch batch;
  batch.first_frame = consumed + 1;
  const std::size_t available = state.last_frame - consumed;
  std::size_t count = std::min(available, std::max<std::size_t>(usual_batch_bytes / wal_.frame_size(), 1));
  while (true) {
    batch.content.resize(count * wal_.frame_size());
    wal_.read_frames(batch.first_frame, batch.content);
    split(batch, state.salts);
    if (!batch.transactions.empty()) return batch;
    if (count == available) {
      throw std::runtime_error(
          fmt::format("wal: frame {} is the last committed one but ends no transaction", state.last_frame));
    }
    if (count * wal_.frame_size() >= largest_held_) return read_large(state, consumed);
    count = std::min({available, count * 4, largest_held_ / wal_.frame_size() + 1});
  }
}

WalBatch WalBatchReader::read_large(const WalState& state, FrameNumber consumed) {
  WalBatch batch;
  batch.first_frame = consumed + 1;
  PageFrames open;
  for (FrameNumber frame = batch.first_frame; frame <= state.last_frame; ++frame) {
    const auto header = wal_.read_header(frame, state.salts);
    if (!header.salted) ++unsalted_frames_;
    open.emplace_back(header.page, frame);
    if (header.page_count == 0) continue;
    close_transaction(batch, open, header.page_count);
    batch.last_frame = frame;
    return batch;
  }
  throw std::runtime_error(
      fmt::format("wal: frame {} is the last committed one but ends no transaction", state.last_frame));
}

}  // namespace pgmirror::capture::sqlite

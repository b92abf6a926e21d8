#include "queue/recovered_queue.hpp"

#include <random>

#include "queue/damage.hpp"
#include "queue/refusal.hpp"
#include "queue/segment_chain.hpp"

namespace pgmirror::queue {
namespace {

void check_identity(const SegmentReader& segment, const Options& options) {
  if (segment.header().source == options.source) return;
  throw QueueRefused("queue \"" + options.directory.string() + "\": it holds changes of source \"" +
                     segment.header().source.text + "\", not of \"" + options.source.text +
                     "\"; point MIRROR_SOURCE_URL back at that source, or give this one its own MIRROR_STATE_DIR");
}

SegmentInfo describe(const SegmentReader& segment) {
  SegmentInfo info;
  info.sequence = segment.header().sequence;
  info.after = segment.header().after;
  info.after_time = segment.header().after_time;
  info.file_bytes = segment.file_bytes();
  return info;
}

SegmentInfo describe_sealed(const SegmentReader& segment, const Seal& seal) {
  auto info = describe(segment);
  info.last = seal.header.last;
  info.last_time = seal.header.last_time;
  info.totals = seal.totals;
  info.end = seal.offset;
  info.sealed = true;
  info.open_at_end = seal.header.open_at_start();
  return info;
}

SegmentInfo describe_newest(const SegmentReader& segment, const SegmentTail& tail) {
  auto info = describe(segment);
  info.last = tail.last;
  info.last_time = tail.last_time;
  info.totals = tail.totals;
  info.end = tail.end.offset;
  info.sealed = tail.sealed;
  info.open_at_end = tail.sealed && tail.open.segment != 0;
  return info;
}

RecoveredQueue create(FileSystem& files, const Options& options, std::uint64_t planned_bytes) {
  std::random_device random;
  const auto random_64 = [&random] { return std::uint64_t{random()} << 32U | random(); };
  RecoveredQueue queue;
  queue.recovery.created = true;
  queue.newest.queue = {random_64(), random_64()};
  queue.newest.sequence = 1;
  queue.newest.salt = random_64();
  queue.newest.after = options.start;
  queue.newest.source = options.source;
  queue.writer = SegmentWriter::create(files, options.directory, queue.newest, planned_bytes);
  queue.newest = queue.writer->header();
  queue.tail.end.offset = queue.writer->end();
  queue.tail.last = options.start;
  SegmentInfo info;
  info.sequence = 1;
  info.after = info.last = options.start;
  info.end = info.file_bytes = queue.writer->end();
  queue.segments.push_back(info);
  return queue;
}

// What the page cache still holds after a killed process was perhaps never synced; it is about to be announced.
void make_durable(FileSystem& files, const Options& options, File& newest, RecoveredQueue& queue) {
  const auto end = queue.tail.end.offset;
  queue.recovery.torn_bytes = bytes_before_zeros(newest, end);
  if (queue.recovery.torn_bytes > 0 || (queue.tail.sealed && newest.size() > end)) newest.truncate(end);
  newest.sync();
  files.sync_directory(options.directory);
}

}  // namespace

ReopenedSegment cut_back(FileSystem& files, const std::filesystem::path& directory, const BlockPlace& began,
                         std::uint64_t newest, std::uint64_t planned_bytes) {
  for (auto sequence = newest; sequence > began.segment; --sequence) {
    files.remove(directory / segment_file_name(sequence));
    // Each by itself: a crash may keep the later of two removals and lose the earlier.
    files.sync_directory(directory);
  }
  const auto path = directory / segment_file_name(began.segment);
  const SegmentReader reader(files, path, SegmentReader::Manner::in_order);
  ReopenedSegment reopened{nullptr, reader.header(), scan_segment(reader, began.offset)};
  Block block;
  reader.read(reopened.tail.end, block);
  if (block.header.commits > 0) {
    reopened.tail = scan_segment(reader, began.offset + 1);
  } else {
    reopened.tail.open = block.header.open;
  }
  auto file = files.open_for_write(path);
  file->truncate(reopened.tail.end.offset);
  file->sync();
  reopened.writer = std::make_unique<SegmentWriter>(std::move(file), reopened.header, reopened.tail, planned_bytes);
  return reopened;
}

RecoveredQueue recover(FileSystem& files, const Options& options, std::uint64_t planned_bytes) {
  const auto sequences = segments_in(files.list(options.directory));
  if (sequences.empty()) return create(files, options, planned_bytes);

  RecoveredQueue queue;
  SegmentChain chain(options.directory);
  BlockPlace open_before;
  for (const auto sequence : sequences) {
    const auto path = options.directory / segment_file_name(sequence);
    const bool newest = sequence == sequences.back();
    // Of the others only what stands at both ends is read.
    const SegmentReader segment(files, path,
                                newest ? SegmentReader::Manner::in_order : SegmentReader::Manner::anywhere);
    check_identity(segment, options);
    chain.add(segment, sequence);
    queue.newest = segment.header();
    if (!newest) {
      const auto seal = read_seal(segment);
      chain.sealed(seal.header.checksum);
      open_before = seal.header.open;
      queue.segments.push_back(describe_sealed(segment, seal));
      continue;
    }
    queue.tail = scan_segment(segment);
    if (queue.tail.totals.blocks == 0) queue.tail.open = open_before;
    auto file = files.open_for_write(path);
    make_durable(files, options, *file, queue);
    queue.segments.push_back(describe_newest(segment, queue.tail));
    if (queue.tail.sealed) {
      queue.seal = queue.tail.end.previous;
    } else {
      queue.writer = std::make_unique<SegmentWriter>(std::move(file), segment.header(), queue.tail, planned_bytes);
    }
  }

  if (queue.tail.open.segment != 0) {
    queue.recovery.unfinished_transaction = true;
    const auto newest = queue.newest.sequence;
    if (queue.tail.open.segment < sequences.front() || queue.tail.open.segment > newest) {
      throw Damage(options.directory / segment_file_name(newest), queue.tail.end.offset,
                   "its open transaction began in a segment that is not there");
    }
    queue.writer.reset();
    auto reopened = cut_back(files, options.directory, queue.tail.open, newest, planned_bytes);
    while (queue.segments.back().sequence > queue.tail.open.segment) queue.segments.pop_back();
    queue.newest = reopened.header;
    queue.tail = std::move(reopened.tail);
    queue.writer = std::move(reopened.writer);
    queue.segments.back() =
        describe_newest(SegmentReader(files, options.directory / segment_file_name(queue.newest.sequence)), queue.tail);
  }
  return queue;
}

}  // namespace pgmirror::queue

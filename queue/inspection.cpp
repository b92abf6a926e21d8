#include "queue/inspection.hpp"

#include "queue/block_decompressor.hpp"
#include "queue/damage.hpp"
#include "queue/local_file_system.hpp"
#include "queue/record_reader.hpp"
#include "queue/segment_chain.hpp"
#include "queue/segment_scan.hpp"

namespace pgmirror::queue {
namespace {

SegmentReport describe(const SegmentReader& segment, const SegmentTotals& totals) {
  SegmentReport report;
  report.file = segment.path().filename().string();
  report.sequence = segment.header().sequence;
  report.file_bytes = segment.file_bytes();
  report.raw_bytes = totals.raw_bytes;
  report.blocks = totals.blocks;
  report.transactions = totals.commits;
  report.changes = totals.changes;
  report.after = segment.header().after;
  if (totals.commits > 0) report.first_commit = totals.first_time;
  return report;
}

void set_end(SegmentReport& report, bool sealed, std::uint64_t end, change::Position last, change::CommitTime time) {
  report.sealed = sealed;
  report.stored_bytes = end;
  report.last = last;
  if (report.transactions > 0) report.last_commit = time;
}

// Every record of every block up to `end`.
SegmentTotals read_records(const SegmentReader& segment, std::uint64_t end) {
  BlockDecompressor decompressor;
  RelationTable relations;
  RecordReader records(relations);
  SegmentTotals totals;
  Block block;
  for (auto place = segment.start(); place.offset < end;) {
    segment.read(place, block);
    if (block.header.kind == BlockKind::seal) break;
    try {
      decompressor.decompress(block);
      block.cells.clear();
      records.start(block);
      while (records.next() != nullptr) {
      }
    } catch (const wire::Malformed& malformed) {
      throw Damage(segment.path(), place.offset, malformed.what());
    }
    totals.count(block.header);
    place = SegmentReader::after(place, block.header);
  }
  return totals;
}

// A running agent may write between two looks at the same place, which looks like a hole; a real hole stays.
SegmentTail scan_newest(const SegmentReader& segment, bool held) {
  if (!held) return scan_segment(segment);
  try {
    return scan_segment(segment);
  } catch (const Damage&) {
    return scan_segment(segment);
  }
}

class Inspection {
 public:
  Inspection(const std::filesystem::path& directory, Depth depth, FileSystem& files)
      : directory_(directory), depth_(depth), files_(files), chain_(directory) {}

  QueueReport run() {
    const auto sequences = segments_in(files_.list(directory_));
    if (sequences.empty()) throw std::runtime_error("queue \"" + directory_.string() + "\": there is no queue here");
    report_.held = files_.is_locked(directory_ / "lock");
    try {
      for (const auto sequence : sequences) look_at(sequence, sequence == sequences.back());
    } catch (const Damage& damage) {
      report_.damage = DamageReport{damage.file(), damage.offset(), damage.reason()};
    }
    return report_;
  }

 private:
  void look_at(std::uint64_t sequence, bool newest) {
    std::unique_ptr<SegmentReader> segment;
    try {
      segment = std::make_unique<SegmentReader>(files_, directory_ / segment_file_name(sequence));
    } catch (const std::system_error& error) {
      // Released since we listed the directory, and so were the ones before it.
      if (!report_.held || error.code() != std::errc::no_such_file_or_directory) throw;
      report_.segments.clear();
      chain_ = SegmentChain(directory_);
      return;
    }
    report_.format_version = format_version;
    report_.source = segment->header().source;
    chain_.add(*segment, sequence);
    if (newest) {
      look_at_newest(*segment);
    } else {
      look_at_sealed(*segment);
    }
  }

  void look_at_sealed(const SegmentReader& segment) {
    const auto seal = read_seal(segment);
    chain_.sealed(seal.header.checksum);
    report_.segments.push_back(describe(segment, seal.totals));
    set_end(report_.segments.back(), true, segment.file_bytes(), seal.header.last, seal.header.last_time);
    if (depth_ == Depth::contents && read_records(segment, seal.offset) != seal.totals) {
      throw Damage(segment.path(), seal.offset, "the seal says something else than the blocks");
    }
  }

  void look_at_newest(const SegmentReader& segment) {
    const auto tail = scan_newest(segment, report_.held);
    report_.segments.push_back(describe(segment, tail.totals));
    set_end(report_.segments.back(), tail.sealed, tail.end.offset, tail.last, tail.last_time);
    report_.tail_bytes = bytes_before_zeros(segment.file(), tail.end.offset);
    if (depth_ == Depth::contents) read_records(segment, tail.end.offset);
  }

  const std::filesystem::path& directory_;
  Depth depth_;
  FileSystem& files_;
  SegmentChain chain_;
  QueueReport report_;
};

}  // namespace

QueueReport inspect(const std::filesystem::path& directory, Depth depth, FileSystem& files) {
  return Inspection(directory, depth, files).run();
}

std::optional<change::SourceIdentity> source_of(const std::filesystem::path& directory) {
  const LocalFileSystem files;
  const auto sequences = segments_in(files.list(directory));
  if (sequences.empty()) return std::nullopt;
  // The newest is never deleted, whoever runs on it meanwhile.
  return SegmentReader(files, directory / segment_file_name(sequences.back())).header().source;
}

QueueReport inspect(const std::filesystem::path& directory, Depth depth) {
  LocalFileSystem files;
  return inspect(directory, depth, files);
}

}  // namespace pgmirror::queue

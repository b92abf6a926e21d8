#include "capture/sqlite/redo_log.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t buffer_bound = std::size_t{1} << 20U;
/// No record is longer than a page.
constexpr std::size_t content_bound = 65536;

struct RecordHeader {
  std::uint32_t kind = 0;
  PageNumber number = 0;
  std::uint32_t length = 0;
  std::uint32_t reserved = 0;
  std::uint64_t sequence = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(RecordHeader) == RedoLog::record_header_size);

std::uint64_t checksum_of(const RecordHeader& header, std::span<const std::byte> content, std::uint64_t seed) {
  const std::uint64_t of_content = XXH64(content.data(), content.size(), seed);
  return XXH64(&header, offsetof(RecordHeader, checksum), of_content);
}

}  // namespace

struct RedoLog::Record {
  RecordHeader header;
  std::vector<std::byte> content;
};

RedoLog RedoLog::create(const std::filesystem::path& path) { return RedoLog(StateFile::create(path)); }
RedoLog RedoLog::open(const std::filesystem::path& path) { return RedoLog(StateFile::open(path)); }

void RedoLog::start(std::uint64_t seed) {
  seed_ = seed;
  end_ = 0;
  buffer_.clear();
}

bool RedoLog::read_record(std::uint64_t offset, Record& record) const {
  if (file_.read(offset, std::as_writable_bytes(std::span(&record.header, 1))) != sizeof record.header) return false;
  if (record.header.length > content_bound) return false;
  record.content.resize(record.header.length);
  if (file_.read(offset + sizeof record.header, record.content) != record.content.size()) return false;
  return record.header.checksum == checksum_of(record.header, record.content, seed_);
}

bool RedoLog::replay(std::uint64_t seed, std::uint64_t last_sequence, Reader& reader) {
  start(seed);
  Record record;
  // Two passes, since a transaction counts only with its commit and may be larger than memory.
  std::uint64_t whole_until = 0;
  bool more = false;
  for (std::uint64_t offset = 0; read_record(offset, record);) {
    offset += record_header_size + record.content.size();
    if (record.header.kind != static_cast<std::uint32_t>(Kind::commit)) continue;
    more = record.header.sequence > last_sequence;
    if (more) break;
    whole_until = offset;
  }
  for (std::uint64_t offset = 0; offset < whole_until;) {
    if (!read_record(offset, record)) throw std::runtime_error("shadow redo: file changed while it was read");
    offset += record_header_size + record.content.size();
    switch (static_cast<Kind>(record.header.kind)) {
      case Kind::full_page:
        reader.full_page(record.header.number, record.content);
        break;
      case Kind::page_delta:
        reader.page_delta(record.header.number, record.content);
        break;
      case Kind::commit:
        reader.commit(Commit{record.header.sequence, record.header.number});
        break;
    }
  }
  return more;
}

std::uint64_t RedoLog::append(Kind kind, PageNumber number, std::uint64_t sequence,
                              std::span<const std::byte> content) {
  RecordHeader header{.kind = static_cast<std::uint32_t>(kind),
                      .number = number,
                      .length = static_cast<std::uint32_t>(content.size()),
                      .reserved = 0,
                      .sequence = sequence,
                      .checksum = 0};
  header.checksum = checksum_of(header, content, seed_);
  if (buffer_.size() + sizeof header + content.size() > buffer_bound) flush();
  const std::uint64_t offset = size() + sizeof header;
  const auto bytes = std::as_bytes(std::span(&header, 1));
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.insert(buffer_.end(), content.begin(), content.end());
  return offset;
}

std::uint64_t RedoLog::append_full_page(PageNumber number, std::span<const std::byte> content) {
  return append(Kind::full_page, number, 0, content);
}

void RedoLog::append_delta(PageNumber number, std::span<const std::byte> delta) {
  append(Kind::page_delta, number, 0, delta);
}

void RedoLog::append_commit(const Commit& commit) { append(Kind::commit, commit.page_count, commit.sequence, {}); }

void RedoLog::flush() {
  file_.write(end_, buffer_);
  end_ += buffer_.size();
  buffer_.clear();
}

void RedoLog::sync() {
  flush();
  file_.sync();
}

void RedoLog::read_content(std::uint64_t offset, std::span<std::byte> out) const {
  if (file_.read(offset, out) != out.size()) throw std::runtime_error("shadow redo: ends before a page it holds");
}

void RedoLog::cut(std::uint64_t size) {
  if (file_.size() > size) file_.truncate(size);
}

}  // namespace pgmirror::capture::sqlite

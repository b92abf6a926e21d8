#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/state_file.hpp"

namespace pgmirror::capture::sqlite {

/// `shadow.redo`: the page changes captured since the last shadow checkpoint, in order.
///
/// Records of 32 bytes plus content: full page, page delta, commit (with page count and sequence). Checksums are seeded
/// with a random number drawn at each shadow checkpoint (a generation), so the file is written over from its start
/// without being cut: earlier records fail their checksum, and a sync of bytes written in place is cheaper than one
/// that grows a file.
class RedoLog {
 public:
  static constexpr std::size_t record_header_size = 32;

  struct Commit {
    std::uint64_t sequence = 0;
    PageNumber page_count = 0;
  };

  /// What replay() found, called in order of the log.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void full_page(PageNumber number, std::span<const std::byte> content) = 0;
    virtual void page_delta(PageNumber number, std::span<const std::byte> delta) = 0;
    virtual void commit(const Commit& commit) = 0;
  };

  static RedoLog create(const std::filesystem::path& path);
  static RedoLog open(const std::filesystem::path& path);

  /// Forgets all records; what follows belongs to the generation that `seed` stands for.
  void start(std::uint64_t seed);
  /// Hands whole transactions of the generation with a sequence up to `last_sequence` to `reader`. Ends before the
  /// first record that is torn, of another generation or beyond `last_sequence`; true in the last case. Only start()
  /// may follow. `reader` is called after the whole log was looked at.
  bool replay(std::uint64_t seed, std::uint64_t last_sequence, Reader& reader);

  /// Returns the offset of the content, for read_content() after flush().
  std::uint64_t append_full_page(PageNumber number, std::span<const std::byte> content);
  void append_delta(PageNumber number, std::span<const std::byte> delta);
  void append_commit(const Commit& commit);
  /// Hands what is buffered to the operating system.
  void flush();
  /// Durable on return: all appended.
  void sync();
  void read_content(std::uint64_t offset, std::span<std::byte> out) const;
  std::uint64_t size() const { return end_ + buffer_.size(); }
  /// Gives disk space back; only after start().
  void cut(std::uint64_t size);

 private:
  explicit RedoLog(StateFile file) : file_(std::move(file)) {}
  enum class Kind : std::uint32_t { full_page = 1, page_delta = 2, commit = 3 };
  struct Record;
  std::uint64_t append(Kind kind, PageNumber number, std::uint64_t sequence, std::span<const std::byte> content);
  bool read_record(std::uint64_t offset, Record& record) const;

  StateFile file_;
  std::uint64_t seed_ = 0;
  std::uint64_t end_ = 0;  ///< of what is written to the file
  std::vector<std::byte> buffer_;
};

}  // namespace pgmirror::capture::sqlite

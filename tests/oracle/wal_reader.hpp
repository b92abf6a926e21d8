#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::tests {

struct WalTransaction {
  std::map<capture::sqlite::PageNumber, std::vector<std::byte>> pages;
  capture::sqlite::PageNumber page_count = 0;
};

/// Reads the committed transactions of a log that is never reset, up to the end that the wal-index names.
///
/// Keeps its own descriptors open for life: closing one would drop the locks that SQLite holds in this process.
class WalReader {
 public:
  explicit WalReader(const std::filesystem::path& database);
  ~WalReader();
  WalReader(const WalReader&) = delete;
  WalReader& operator=(const WalReader&) = delete;

  std::size_t page_size() const { return page_size_; }
  /// The next transaction, none when there is no further one.
  std::optional<WalTransaction> next();

 private:
  std::uint32_t last_committed_frame() const;

  int wal_ = -1;
  int index_ = -1;
  std::size_t page_size_ = 0;
  std::uint32_t frames_read_ = 0;
};

}  // namespace pgmirror::tests

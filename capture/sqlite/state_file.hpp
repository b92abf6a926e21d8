#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace pgmirror::capture::sqlite {

/// A file of ours in the state directory: positional reads and writes that are whole or throw std::system_error.
class StateFile {
 public:
  /// Creates or truncates, mode 0600.
  static StateFile create(const std::filesystem::path& path);
  /// Opens for reading and writing.
  static StateFile open(const std::filesystem::path& path);
  /// A file without a name in `directory`, gone with its descriptor.
  static StateFile unnamed(const std::filesystem::path& directory);

  StateFile(StateFile&& other) noexcept;
  StateFile& operator=(StateFile&& other) noexcept;
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile();

  /// Returns the bytes read, fewer than asked for only at the end of the file.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Lets the disk begin with these bytes, so that a later sync() has less to wait for.
  void begin_sync(std::uint64_t offset, std::uint64_t length);
  /// fdatasync. After a failure the content is unknown: never try again.
  void sync();
  std::uint64_t size() const;
  void truncate(std::uint64_t size);

 private:
  StateFile(int descriptor, std::filesystem::path path);
  [[noreturn]] void fail(const char* action) const;

  int descriptor_ = -1;
  std::filesystem::path path_;
};

/// Makes the names in `directory` durable.
void sync_directory(const std::filesystem::path& directory);

}  // namespace pgmirror::capture::sqlite

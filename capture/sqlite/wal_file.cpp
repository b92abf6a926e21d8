#include "capture/sqlite/wal_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::uint64_t wal_header_size = 32;

std::uint32_t big_endian(const std::byte* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap32(value);
}

}  // namespace

WalFile::WalFile(const std::filesystem::path& path, std::size_t page_size)
    : path_(path), page_size_(page_size), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("wal {}: cannot open", path.string()));
  }
}

WalFile::~WalFile() { ::close(descriptor_); }

std::uint64_t WalFile::file_size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("wal {}: cannot stat", path_.string()));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

bool WalFile::is_current() const {
  struct stat ours {};
  struct stat named {};
  return ::fstat(descriptor_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

void WalFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count == 0) throw WalCutShort(fmt::format("wal {}: ends before its last committed frame", path_.string()));
    if (count > 0) {
      out = out.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), fmt::format("wal {}: cannot read", path_.string()));
    }
  }
}

void WalFile::read_frames(FrameNumber first, std::span<std::byte> out) const {
  read(wal_header_size + std::uint64_t{first - 1} * frame_size(), out);
}

WalFile::FrameHeader WalFile::read_header(FrameNumber frame, std::uint64_t salts) const {
  std::array<std::byte, frame_header_size> bytes{};
  read(wal_header_size + std::uint64_t{frame - 1} * frame_size(), bytes);
  return decode_header(bytes, salts);
}

void WalFile::read_page(FrameNumber frame, std::span<std::byte> out) const {
  read(wal_header_size + std::uint64_t{frame - 1} * frame_size() + frame_header_size, out);
}

std::uint32_t WalFile::count_commits(FrameNumber last) const {
  std::uint32_t count = 0;
  for (FrameNumber frame = 1; frame <= last; ++frame) {
    if (read_header(frame, 0).page_count != 0) ++count;
  }
  return count;
}

WalFile::FrameHeader WalFile::decode_header(std::span<const std::byte> frame, std::uint64_t salts) {
  // The wal-index holds the salts as the bytes of the WAL header, so both sides are taken without swapping.
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::memcpy(&first, frame.data() + 8, sizeof first);
  std::memcpy(&second, frame.data() + 12, sizeof second);
  return {big_endian(frame.data()), big_endian(frame.data() + 4), ((std::uint64_t{first} << 32U) | second) == salts};
}

}  // namespace pgmirror::capture::sqlite

#include "tests/oracle/wal_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace pgmirror::tests {
namespace {

constexpr std::size_t wal_header_size = 32;
constexpr std::size_t frame_header_size = 24;

int open_file(const std::string& name) {
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw std::runtime_error("cannot open " + name);
  return descriptor;
}

void read_at(int descriptor, void* out, std::size_t size, std::size_t offset) {
  if (::pread(descriptor, out, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
    throw std::runtime_error("write-ahead log ends early");
  }
}

std::uint32_t big_endian(const unsigned char* at) {
  return (std::uint32_t{at[0]} << 24U) | (std::uint32_t{at[1]} << 16U) | (std::uint32_t{at[2]} << 8U) | at[3];
}

}  // namespace

WalReader::WalReader(const std::filesystem::path& database)
    : wal_(open_file(database.string() + "-wal")), index_(open_file(database.string() + "-shm")) {
  std::array<unsigned char, wal_header_size> header{};
  read_at(wal_, header.data(), header.size(), 0);
  page_size_ = big_endian(header.data() + 8);
}

WalReader::~WalReader() {
  ::close(wal_);
  ::close(index_);
}

std::uint32_t WalReader::last_committed_frame() const {
  std::uint32_t frame = 0;
  read_at(index_, &frame, sizeof(frame), 16);
  return frame;
}

std::optional<WalTransaction> WalReader::next() {
  const std::uint32_t last = last_committed_frame();
  if (frames_read_ >= last) return std::nullopt;
  WalTransaction transaction;
  std::array<unsigned char, frame_header_size> header{};
  while (true) {
    const std::size_t offset = wal_header_size + std::size_t{frames_read_} * (frame_header_size + page_size_);
    read_at(wal_, header.data(), header.size(), offset);
    std::vector<std::byte> page(page_size_);
    read_at(wal_, page.data(), page.size(), offset + frame_header_size);
    ++frames_read_;
    transaction.pages[big_endian(header.data())] = std::move(page);
    transaction.page_count = big_endian(header.data() + 4);
    if (transaction.page_count != 0) return transaction;
    if (frames_read_ >= last) throw std::runtime_error("write-ahead log ends within a transaction");
  }
}

}  // namespace pgmirror::tests

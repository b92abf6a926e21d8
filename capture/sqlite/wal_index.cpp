#include "capture/sqlite/wal_index.hpp"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include "capture/sqlite/sqlite_connection.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr int region_size = 32768;
constexpr std::size_t header_words = 12;
constexpr std::size_t backfill_word = 24;
constexpr std::size_t read_mark_word = 25;

using Header = std::array<std::uint32_t, header_words>;

std::uint32_t load(const volatile std::uint32_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

}  // namespace

WalIndex::WalIndex(sqlite3_file* file) {
  volatile void* region = nullptr;
  const int result = file->pMethods->xShmMap(file, 0, region_size, 0, &region);
  if (result != SQLITE_OK || region == nullptr) throw SqliteError(result, "wal-index is not mapped");
  words_ = static_cast<volatile std::uint32_t*>(region);
}

std::optional<WalState> WalIndex::read() const {
  // SQLite writes the second copy first, so equal copies read in this order are one header. nBackfill is read before:
  // it never exceeds the last frame of the generation that is read after it, unless a reset came between, which the
  // second look at it finds.
  const std::uint32_t backfilled = load(words_ + backfill_word);
  Header first{};
  Header second{};
  for (std::size_t word = 0; word < header_words; ++word) first[word] = load(words_ + word);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (std::size_t word = 0; word < header_words; ++word) second[word] = load(words_ + header_words + word);
  if (first != second || load(words_ + backfill_word) != backfilled) return std::nullopt;

  std::array<std::uint8_t, sizeof(Header)> bytes{};
  std::memcpy(bytes.data(), first.data(), bytes.size());
  constexpr std::size_t initialized_byte = 12;
  constexpr std::size_t page_size_byte = 14;
  if (bytes[initialized_byte] == 0) return std::nullopt;
  std::uint16_t page_size = 0;
  std::memcpy(&page_size, bytes.data() + page_size_byte, sizeof page_size);
  WalState state;
  state.page_size = (page_size & 0xfe00U) + ((page_size & 1U) << 16U);
  state.commits = first[2];
  state.last_frame = first[4];
  state.page_count = first[5];
  state.salts = (std::uint64_t{first[8]} << 32U) | first[9];
  state.backfilled = backfilled;
  return state;
}

std::uint32_t WalIndex::read_mark(int slot) const { return load(words_ + read_mark_word + slot); }

void WalIndex::set_read_mark(int slot, std::uint32_t mark) {
  __atomic_store_n(words_ + read_mark_word + slot, mark, __ATOMIC_RELEASE);
}

}  // namespace pgmirror::capture::sqlite

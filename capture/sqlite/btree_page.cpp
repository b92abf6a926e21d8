#include "capture/sqlite/btree_page.hpp"

#include <fmt/format.h>

#include "capture/sqlite/big_endian.hpp"
#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/varint.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::uint64_t largest_payload = 0x7FFFFFFF;

bool is_type(std::uint32_t byte) { return byte == 2 || byte == 5 || byte == 10 || byte == 13; }

/// How many bytes of a record stay in the page ("Cell Payload Overflow Pages" of the file format).
std::uint64_t local_size(std::uint64_t payload, std::size_t usable, bool table_leaf) {
  const std::uint64_t most = table_leaf ? usable - 35 : (usable - 12) * 64 / 255 - 23;
  if (payload <= most) return payload;
  const std::uint64_t least = (usable - 12) * 32 / 255 - 23;
  const std::uint64_t wanted = least + (payload - least) % (usable - 4);
  return wanted <= most ? wanted : least;
}

}  // namespace

BtreePage::BtreePage(PageNumber number, std::span<const std::byte> bytes, std::size_t usable_size)
    : number_(number), bytes_(bytes.data()), usable_size_(usable_size), header_(number == 1 ? 100 : 0) {
  const std::uint32_t type = load_u8(bytes_ + header_);
  if (!is_type(type)) damaged("is no b-tree page");
  type_ = static_cast<BtreePageType>(type);
  cell_count_ = load_u16(bytes_ + header_ + 3);
  pointers_ = header_ + (is_leaf() ? 8U : 12U);
  if (content_begin() > usable_size_) damaged("has more cells than fit");
}

void BtreePage::damaged(const char* what) const { throw DamagedPage(fmt::format("page {} {}", number_, what)); }

std::size_t BtreePage::cell_offset(std::uint32_t index) const {
  const std::size_t offset = load_u16(bytes_ + pointers_ + std::size_t{2} * index);
  if (offset < content_begin() || offset + 4 > usable_size_) damaged("has a cell outside its content");
  return offset;
}

PageNumber BtreePage::child(std::uint32_t index) const {
  if (index == cell_count_) return load_u32(bytes_ + header_ + 8);
  return load_u32(bytes_ + cell_offset(index));
}

Cell BtreePage::cell(std::uint32_t index) const {
  Cell cell;
  cell.page = number_;
  cell.index = index;
  const std::byte* const end = bytes_ + usable_size_;
  const std::byte* at = bytes_ + cell_offset(index);
  if (type_ == BtreePageType::index_interior) at += 4;  // cell_offset() saw that four bytes are there
  const std::byte* const begin = at;
  cell.payload_size = take_varint(at, end);
  if (type_ == BtreePageType::table_leaf) cell.row_id = static_cast<std::int64_t>(take_varint(at, end));
  if (cell.payload_size > largest_payload) damaged("has a record larger than any can be");
  const std::uint64_t local = local_size(cell.payload_size, usable_size_, type_ == BtreePageType::table_leaf);
  const bool overflows = local < cell.payload_size;
  if (static_cast<std::uint64_t>(end - at) < local + (overflows ? 4U : 0U)) damaged("has a cell that runs past it");
  cell.local = {at, static_cast<std::size_t>(local)};
  at += local;
  if (overflows) {
    cell.overflow = load_u32(at);
    at += 4;
  }
  cell.raw = {begin, at};
  return cell;
}

}  // namespace pgmirror::capture::sqlite

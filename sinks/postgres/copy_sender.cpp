#include "sinks/postgres/copy_sender.hpp"

#include <fmt/format.h>

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::size_t most_odd_bytes = std::size_t{4} << 20U;
/// True for every row, but not known to be so: a COPY with a volatile condition inserts row by row. One that gathers a
/// thousand rows pins the table's description as often, and wherever a deleted row of the same key stands in an index
/// the server searches all of these pins once more (copyfrom.c, nbtinsert.c and resowner.c of PostgreSQL 15): a fifth
/// of its work.
constexpr const char* row_by_row = " WHERE pg_catalog.random() >= 0";
constexpr int since_copy_condition = 120000;

}  // namespace

CopySender::CopySender(libpq::Connection& connection, const MirrorTable& table, const CopyEncoder& encoder,
                       CopiedKeys keys)
    : connection_(connection), table_(table), encoder_(encoder), keys_(keys) {}

void CopySender::begin() {
  if (copy_) return;
  std::string sql = copy_in_sql(table_, encoder_.form());
  if (keys_ == CopiedKeys::just_deleted && connection_.server_version() >= since_copy_condition) sql += row_by_row;
  copy_.emplace(connection_.copy_in(sql));
  copy_->write(copy_header(encoder_.form()));
}

void CopySender::end() {
  if (copy_) {
    copy_->write(copy_trailer(encoder_.form()));
    rows_ += copy_->finish();
    copy_.reset();
  }
  for (OddValues& odd : odd_) odd.write(connection_);
  odd_.clear();
  odd_bytes_ = 0;
}

void CopySender::send(const CopyBlock& block, OddValues&& odd) {
  if (!block.allow_null.empty()) {
    end();
    for (const std::size_t column : block.allow_null) {
      connection_.execute(
          fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table_.quoted, table_.columns[column].quoted));
    }
  }
  begin();
  copy_->write(block.bytes);
  if (odd.empty()) return;
  odd_count_ += odd.size();
  odd_bytes_ += odd.bytes();
  odd_.push_back(std::move(odd));
  if (odd_bytes_ > most_odd_bytes) end();
}

std::uint64_t CopySender::finish() {
  end();
  return rows_;
}

}  // namespace pgmirror::sinks::postgres

#include "capture/sqlite/computed_columns.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace pgmirror::capture::sqlite {
namespace {

void bind(sqlite3_stmt* statement, int parameter, const change::Value& value) {
  const std::string_view bytes = value.bytes();
  switch (value.kind()) {
    case change::ValueKind::null:
    case change::ValueKind::unchanged:
      sqlite3_bind_null(statement, parameter);
      break;
    case change::ValueKind::integer:
      sqlite3_bind_int64(statement, parameter, value.as_integer());
      break;
    case change::ValueKind::real:
      sqlite3_bind_double(statement, parameter, value.as_real());
      break;
    case change::ValueKind::text:
      sqlite3_bind_text64(statement, parameter, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                          SQLITE_STATIC, SQLITE_UTF8);
      break;
    case change::ValueKind::blob:
      sqlite3_bind_blob64(statement, parameter, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                          SQLITE_STATIC);
      break;
  }
}

change::Value value_of(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return change::Value::integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
      return change::Value::real(sqlite3_column_double(row, column));
    case SQLITE_TEXT: {
      const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      return change::Value::text({text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))});
    }
    case SQLITE_BLOB: {
      const auto* const blob = static_cast<const char*>(sqlite3_column_blob(row, column));
      return change::Value::blob({blob, static_cast<std::size_t>(sqlite3_column_bytes(row, column))});
    }
    default:
      return change::Value::null();
  }
}

}  // namespace

ComputedColumns::ComputedColumns(TableLayoutPtr layout)
    : layout_(std::move(layout)), scratch_(layout_->encoding), values_(layout_->virtual_columns.size()) {
  scratch_.define(layout_->sql);
  // The source has checked its rows, or was told not to.
  scratch_.execute("PRAGMA ignore_check_constraints=ON");
  const std::string table = quote_identifier(layout_->relation->name);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < layout_->fields.size(); ++i) {
    if (layout_->fields[i].generated) continue;
    inserted_fields_.push_back(i);
    names.push_back(quote_identifier(layout_->fields[i].name));
  }
  std::vector<std::string> computed;
  for (const VirtualColumn& column : layout_->virtual_columns) computed.push_back(quote_identifier(column.name));
  const std::vector<std::string> marks(names.size(), "?");
  clear_ = std::make_unique<ScratchStatement>(scratch_.handle(), fmt::format("DELETE FROM {}", table));
  insert_ = std::make_unique<ScratchStatement>(
      scratch_.handle(),
      fmt::format("INSERT INTO {}({}) VALUES({})", table, fmt::join(names, ","), fmt::join(marks, ",")));
  select_ = std::make_unique<ScratchStatement>(scratch_.handle(),
                                               fmt::format("SELECT {} FROM {}", fmt::join(computed, ","), table));
}

ComputedColumns::~ComputedColumns() = default;

std::span<const change::Value> ComputedColumns::compute(std::span<const change::Value> stored) {
  sqlite3_reset(select_->handle());
  std::ranges::fill(values_, change::Value::null());
  if (insert(stored) && sqlite3_step(select_->handle()) == SQLITE_ROW) {
    fetch();
  } else {
    report();
  }
  return values_;
}

bool ComputedColumns::insert(std::span<const change::Value> stored) {
  sqlite3_step(clear_->handle());
  sqlite3_reset(clear_->handle());
  int parameter = 0;
  for (const std::size_t i : inserted_fields_) bind(insert_->handle(), ++parameter, stored[i]);
  const bool inserted = sqlite3_step(insert_->handle()) == SQLITE_DONE;
  sqlite3_reset(insert_->handle());
  return inserted;
}

void ComputedColumns::fetch() {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = value_of(select_->handle(), static_cast<int>(i));
}

void ComputedColumns::report() {
  if (std::exchange(reported_, true)) return;
  spdlog::warn("[MirrorCapture] {}: SQLite cannot compute the virtual columns of a row ({}); they are mirrored as NULL",
               layout_->relation->name, sqlite3_errstr(sqlite3_errcode(scratch_.handle())));
}

}  // namespace pgmirror::capture::sqlite

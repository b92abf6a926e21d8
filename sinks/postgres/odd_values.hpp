#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "change/value.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// The key cells of a row (a tuple over Relation::columns, of which only the key needs to be there) as
/// pgmirror.odd_values names them: a JSON array, integers as numbers, `{"real":"0.1"}`, texts as strings,
/// `{"blob":"00ff"}`, and
/// `{"text":"hex"}` for texts that are not UTF-8. Equal keys give equal texts.
std::string odd_key(const MirrorTable& table, change::Tuple row);

/// `integer`, `real`, `text`, `blob`.
std::string_view storage_class(change::ValueKind kind);

/// What odd_values.raw holds: decimal digits, real_text, the bytes themselves.
std::string raw_bytes(const change::Value& value);

/// Values that the mirror's columns cannot carry, gathered to be written in the transaction of their rows.
///
/// One thread. An entry replaces what stands for its row and column.
class OddValues {
 public:
  void add(const MirrorTable& table, const std::string& key, const MirrorColumn& column, const change::Value& value);
  bool empty() const { return columns_.empty(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return columns_.size(); }
  /// One statement with its parameters; empty() afterwards. Throws DatabaseError.
  void write(libpq::Connection& connection);

  /// The statement of write(), for callers with a pipeline of their own: five text[] and one bytea[] parameter.
  static const std::string& insert_sql();
  libpq::Parameters take_parameters();

 private:
  std::vector<std::string> schemas_, tables_, keys_, columns_, classes_, raws_;
  std::size_t bytes_ = 0;
};

}  // namespace pgmirror::sinks::postgres

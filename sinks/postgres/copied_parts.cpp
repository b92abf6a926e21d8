#include "sinks/postgres/copied_parts.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "sinks/postgres/hashed_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// The transaction that wrote a row, as far as the row tells it.
constexpr const char* writer_sql = "xmin::pg_catalog.text::pg_catalog.int8";

}  // namespace

libpq::Parameters CopiedParts::name() const { return libpq::Parameters::texts({mirror_, table_.schema, table_.name}); }

void CopiedParts::note(libpq::Connection& connection, const change::TablePart& part) const {
  connection.execute(
      "INSERT INTO pgmirror.copied_parts (mirror, schema_name, table_name, part, transaction) VALUES ($1, $2, $3, $4,"
      " pg_catalog.txid_current() OPERATOR(pg_catalog.&) 4294967295::pg_catalog.int8)",
      libpq::Parameters::texts({mirror_, table_.schema, table_.name, part.where_sql}));
}

CopiedParts::Kept CopiedParts::keep_what_stands(libpq::Connection& connection, change::Snapshot& snapshot,
                                                const std::vector<change::TablePart>& parts) const {
  Kept kept;
  std::map<std::int64_t, change::BucketSum> standing;
  std::map<std::string, std::int64_t> noted;
  if (snapshot.gives_row_hashes()) {
    const libpq::Result notes = connection.execute(
        "SELECT part, transaction FROM pgmirror.copied_parts WHERE mirror = $1 AND schema_name = $2 AND table_name = "
        "$3",
        name());
    for (int row = 0; row < notes.rows(); ++row) noted.emplace(notes.text(row, 0), notes.integer(row, 1));
  }
  if (!noted.empty()) {
    const libpq::Result sums = connection.execute(libpq::group_sums_sql(hashed_rows(table_, 1), writer_sql));
    for (int row = 0; row < sums.rows(); ++row) {
      standing[sums.integer(row, 0)] = {.rows = libpq::wrapped_sum(sums.text(row, 1)),
                                        .sum = libpq::wrapped_sum(sums.text(row, 2)),
                                        .mixed_sum = libpq::wrapped_sum(sums.text(row, 3))};
    }
  }
  std::string writers = "{";
  for (const change::TablePart& part : parts) {
    const auto note = noted.find(part.where_sql);
    if (note == noted.end()) continue;
    const change::BucketSum& sum = standing[note->second];
    if (snapshot.bucket_sums(*table_.relation, part, hashing_of(table_, 1)).front() != sum) continue;
    writers += (kept.parts.empty() ? "" : ",") + std::to_string(note->second);
    kept.parts.insert(part.where_sql);
    kept.rows += sum.rows;
  }
  writers += "}";
  connection.execute(fmt::format("DELETE FROM {} WHERE {} OPERATOR(pg_catalog.<>) ALL ($1::pg_catalog.int8[])",
                                 table_.quoted, writer_sql),
                     libpq::Parameters::texts({writers}));
  connection.execute(
      "DELETE FROM pgmirror.copied_parts WHERE mirror = $1 AND schema_name = $2 AND table_name = $3"
      " AND transaction OPERATOR(pg_catalog.<>) ALL ($4::pg_catalog.int8[])",
      libpq::Parameters::texts({mirror_, table_.schema, table_.name, writers}));
  return kept;
}

void CopiedParts::forget(libpq::Connection& connection) const {
  connection.execute("DELETE FROM pgmirror.copied_parts WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
                     name());
}

}  // namespace pgmirror::sinks::postgres

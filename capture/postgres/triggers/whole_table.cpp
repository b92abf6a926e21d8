#include "capture/postgres/copy_text.hpp"
#include "capture/postgres/table_read.hpp"
#include "capture/postgres/triggers/log_rows.hpp"

namespace pgmirror::capture::postgres::triggers {

void write_whole_table(libpq::Connection& connection, const LoggedTable& table, change::TransactionWriter& writer) {
  const change::RelationPtr& relation = table.told.relation;
  writer.truncate({.relations = {relation}});
  CopyTextLine line;
  for (const CatalogLeaf& leaf : table.source.leaves) {
    TableRead(connection, leaf.oid, *relation).copy({}, change::CopyForm::text, [&](std::string_view row) {
      writer.row({.operation = change::RowOperation::insert,
                  .relation = relation,
                  .new_row = line.parse(row, relation->columns.size())});
      return true;
    });
  }
}

}  // namespace pgmirror::capture::postgres::triggers

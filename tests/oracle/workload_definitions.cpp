#include <fmt/format.h>

#include <array>

#include "tests/oracle/workload.hpp"

namespace pgmirror::tests {

void Workload::change_definition() {
  static constexpr std::array<Operation, 13> operations{
      &Workload::add_column_d, &Workload::add_column_a, &Workload::add_virtual_column, &Workload::rename_column,
      &Workload::drop_column,  &Workload::create_as,    &Workload::drop_table,         &Workload::change_index,
      &Workload::rebuild_d,    &Workload::rename_table, &Workload::change_key,         &Workload::swap_tables,
      &Workload::recreate};
  if (!dice_->one_in(2)) return;
  ++definitions_;
  (this->*operations[static_cast<std::size_t>(dice_->between(0, operations.size() - 1))])();
}

/// Columns that were added to a table made with `own` columns.
std::vector<std::string> Workload::extra_columns(const std::string& table, std::size_t own) {
  return app_->texts("SELECT name FROM pragma_table_info(?) WHERE cid >= ?", {table, static_cast<std::int64_t>(own)});
}

void Workload::add_column_d() {
  static const std::vector<std::string> kinds{"int default 7",          "real default 3",
                                              "text default 'dé''f'",   "int default '12'",
                                              "blob default x'00ff'",   "default -5",
                                              "numeric default '1.50'", "text",
                                              "int default true",       "text default \"quoted\""};
  app_->run(fmt::format("ALTER TABLE d ADD COLUMN n{} {}", number(), dice_->pick(kinds)));
}

void Workload::add_column_a() { app_->run(fmt::format("ALTER TABLE a ADD COLUMN t{} text default 'dé''f'", number())); }

void Workload::add_virtual_column() {
  app_->run(fmt::format("ALTER TABLE g ADD COLUMN v{} text as (substr(j,2,5)||'!')", number()));
}

void Workload::rename_column() {
  const std::string table = dice_->pick<std::string>({"a", "d"});
  const std::vector<std::string> columns = extra_columns(table, table == "a" ? 7 : 2);
  if (columns.empty()) return;
  app_->run(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO m{}", table, dice_->pick(columns), number()));
}

void Workload::drop_column() {
  const std::string table = dice_->pick<std::string>({"a", "d"});
  const std::vector<std::string> columns = extra_columns(table, table == "a" ? 7 : 2);
  if (columns.empty()) return;
  app_->run(fmt::format("ALTER TABLE {} DROP COLUMN {}", table, dice_->pick(columns)));
}

void Workload::create_as() { app_->run(fmt::format("CREATE TABLE z{} AS SELECT id, name, b FROM a", number())); }

void Workload::drop_table() {
  const std::vector<std::string> tables =
      app_->texts("SELECT name FROM sqlite_schema WHERE type='table' AND name LIKE 'z%'");
  if (!tables.empty()) app_->run("DROP TABLE " + dice_->pick(tables));
}

void Workload::change_index() {
  const std::vector<std::string> indexes =
      app_->texts("SELECT name FROM sqlite_schema WHERE type='index' AND name LIKE 'ix%'");
  if (!indexes.empty() && dice_->one_in(2)) {
    app_->run("DROP INDEX " + dice_->pick(indexes));
  } else {
    app_->run(fmt::format("CREATE INDEX ix{} ON a({}) {}", number(),
                          dice_->pick<std::string>({"n", "coalesce(n, 0)", "r, n desc"}),
                          dice_->pick<std::string>({"", "WHERE n > 3"})));
  }
}

/// The procedure that SQLite's manual gives for changes that ALTER TABLE does not know.
void Workload::rebuild_d() {
  std::string columns;
  for (const std::string& column : extra_columns("d", 0)) columns += ", \"" + column + "\"";
  const std::string sql = app_->texts("SELECT sql FROM sqlite_schema WHERE name='d'").front();
  const std::size_t list = sql.find('(');
  app_->run("CREATE TABLE d2" + sql.substr(list));
  app_->run(fmt::format("INSERT INTO d2(rowid{0}) SELECT rowid{0} FROM d WHERE rowid%10 <> ?", columns),
            {dice_->between(0, 20)});
  app_->run("DROP TABLE d");
  app_->run("ALTER TABLE d2 RENAME TO d");
}

void Workload::rename_table() {
  const std::vector<std::string> tables =
      app_->texts("SELECT name FROM sqlite_schema WHERE type='table' AND name LIKE 'z%'");
  if (tables.empty()) return;
  const std::string& table = dice_->pick(tables);
  if (dice_->one_in(2)) app_->run(fmt::format("UPDATE {} SET name='before' WHERE rowid%3=0", table));
  app_->run(fmt::format("ALTER TABLE {} RENAME TO z{}", table, number()));
  if (dice_->one_in(2)) app_->run(fmt::format("DELETE FROM z{} WHERE rowid%4=0", names_));
}

/// The same name and columns with another key, and back.
void Workload::change_key() {
  static const std::vector<std::string> keys{"k2,k", "k,k2", "k2 desc, k", "k2,k,v"};
  app_->run(fmt::format("CREATE TABLE b2(k text, k2 int, v text, big blob, r real, primary key({})) {}",
                        dice_->pick(keys), dice_->pick<std::string>({"WITHOUT ROWID", "WITHOUT ROWID", ""})));
  app_->run("INSERT INTO b2 SELECT k, k2, coalesce(v,'none'), big, r FROM b");
  app_->run("DROP TABLE b");
  app_->run("ALTER TABLE b2 RENAME TO b");
}

void Workload::swap_tables() {
  const std::vector<std::string> tables =
      app_->texts("SELECT name FROM sqlite_schema WHERE type='table' AND name LIKE 'z%' LIMIT 2");
  if (tables.size() < 2) return;
  app_->run(fmt::format("ALTER TABLE {} RENAME TO between_names", tables[0]));
  app_->run(fmt::format("ALTER TABLE {} RENAME TO {}", tables[1], tables[0]));
  app_->run(fmt::format("ALTER TABLE between_names RENAME TO {}", tables[1]));
}

/// Dropped and made again, in one transaction, with other columns.
void Workload::recreate() {
  app_->run("DROP TABLE f");
  app_->run(fmt::format("CREATE TABLE f(id {}, v text, extra{} int default 3)",
                        dice_->pick<std::string>({"integer primary key desc", "integer primary key", "int"}),
                        number()));
  app_->run("INSERT INTO f(id,v) VALUES(1,'again'),(2,'again')");
}

}  // namespace pgmirror::tests

#include "tests/oracle/workload.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>

namespace pgmirror::tests {

void Workload::create_tables() {
  for (const char* const sql : {
           "CREATE TABLE a(id integer primary key autoincrement, name text, n int, r real, num numeric, b blob, x)",
           "CREATE TABLE b(k text, k2 int, v text, big blob, r real, primary key(k2,k)) WITHOUT ROWID",
           "CREATE TABLE c(t text primary key, v text, parent int references a(id) on delete cascade on update "
           "cascade)",
           "CREATE TABLE d(v, w)",
           "CREATE TABLE e(id integer primary key, v int, g text generated always as (v*2) stored, h int generated "
           "always as (v+1) virtual, z text)",
           "CREATE TABLE f(id integer primary key desc, v text)",
           "CREATE TABLE log(id integer primary key, msg text)",
           "CREATE TABLE s(id integer primary key, i int, r real, t text, b blob, x any) STRICT",
           "CREATE TABLE w(name text collate nocase, tag text collate rtrim, n int, big, primary key(n desc, name, "
           "tag)) "
           "WITHOUT ROWID",
           "CREATE TABLE u(word text collate app_reverse primary key, v, big) WITHOUT ROWID",
           "CREATE TABLE g(id integer primary key, j text, len int as (length(j)), up text as (upper(substr(j,1,9))), "
           "z)",
           "CREATE TABLE h(id integer primary key, x int check(app_twice(x) <> 7), y int as (app_twice(x)), v)",
           "CREATE TABLE secret(id integer primary key, v)",
           "CREATE VIRTUAL TABLE ft USING fts5(body)",
           "CREATE TABLE ft_notes(id integer primary key, v)",
           "CREATE INDEX ia ON a(name)",
           "CREATE INDEX id1 ON d(v)",
           "CREATE VIEW va AS SELECT * FROM a",
           "CREATE TRIGGER tr AFTER UPDATE ON a BEGIN INSERT INTO log(msg) VALUES('upd '||new.id); END",
       }) {
    app_->run(sql);
  }
}

void Workload::step() {
  static constexpr std::array<Operation, 33> operations{
      &Workload::insert_many_a,   &Workload::insert_many_a,   &Workload::insert_many_a,
      &Workload::update_a,        &Workload::delete_a,        &Workload::move_a,
      &Workload::far_a,           &Workload::grow_a,          &Workload::overwrite_in_place,
      &Workload::write_blob,      &Workload::replace_b,       &Workload::replace_b,
      &Workload::update_b,        &Workload::delete_b,        &Workload::replace_c,
      &Workload::rename_key_c,    &Workload::insert_d,        &Workload::insert_d,
      &Workload::delete_d,        &Workload::change_e,        &Workload::replace_f,
      &Workload::change_strict,   &Workload::change_folded,   &Workload::change_folded,
      &Workload::change_reversed, &Workload::change_virtual,  &Workload::change_hidden_function,
      &Workload::change_search,   &Workload::change_excluded, &Workload::roll_back_part,
      &Workload::clear_a,         &Workload::clear_d,         &Workload::change_definition};
  (this->*operations[static_cast<std::size_t>(dice_->between(0, operations.size() - 1))])();
}

bool Workload::maintain(bool incremental) {
  if (dice_->one_in(100)) {
    app_->run("VACUUM");
    return true;
  }
  if (incremental && dice_->one_in(30)) {
    app_->run("PRAGMA incremental_vacuum(20)");
    return true;
  }
  return false;
}

void Workload::insert_many_a() {
  for (std::int64_t i = dice_->pick<std::int64_t>({1, 3, 30}); i > 0; --i) {
    app_->run("INSERT INTO a(name,n,r,num,b,x) VALUES(?,?,?,?,?,?)",
              {dice_->value(), dice_->value(), dice_->value(), dice_->value(), dice_->value(), dice_->value()});
  }
}

void Workload::update_a() {
  app_->run("UPDATE a SET name=?, r=? WHERE id%?=0", {dice_->value(), dice_->value(), dice_->between(2, 9)});
}

void Workload::delete_a() { app_->run("DELETE FROM a WHERE id%?=1", {dice_->between(3, 9)}); }

void Workload::move_a() {
  app_->run("UPDATE a SET id=id+100000 WHERE id=(SELECT id FROM a ORDER BY id%? LIMIT 1)", {dice_->between(2, 99)});
}

void Workload::far_a() {
  app_->run("INSERT INTO a(id,name) VALUES(?,'far')", {dice_->between(-(1LL << 40), 1LL << 40)});
}

void Workload::grow_a() {
  app_->run("UPDATE a SET b=? WHERE id=(SELECT max(id) FROM a)", {Blob{dice_->bytes(20000, 60000)}});
}

/// Same size, last byte other: the cell stays as it is, only the end of its overflow chain changes.
void Workload::overwrite_in_place() {
  std::int64_t id = 0;
  std::string bytes;
  app_->each("SELECT id, b FROM a WHERE typeof(b)='blob' AND length(b)>3000 ORDER BY id%? LIMIT 1",
             {dice_->between(2, 99)}, [&](sqlite3_stmt* row) {
               id = sqlite3_column_int64(row, 0);
               bytes.assign(static_cast<const char*>(sqlite3_column_blob(row, 1)),
                            static_cast<std::size_t>(sqlite3_column_bytes(row, 1)));
             });
  if (bytes.empty()) return;
  bytes.back() = static_cast<char>(bytes.back() ^ 0x55);
  app_->run("UPDATE a SET b=? WHERE id=?", {Blob{std::move(bytes)}, id});
}

void Workload::write_blob() {
  std::int64_t id = 0;
  int length = 0;
  app_->each("SELECT id, length(b) FROM a WHERE typeof(b)='blob' AND length(b)>3000 ORDER BY id%? LIMIT 1",
             {dice_->between(2, 99)}, [&](sqlite3_stmt* row) {
               id = sqlite3_column_int64(row, 0);
               length = sqlite3_column_int(row, 1);
             });
  if (length == 0) return;
  const auto offset = static_cast<int>(dice_->between(0, length - 7));
  app_->overwrite("a", "b", id, offset, dice_->bytes(7, 7));
}

void Workload::clear_a() {
  if (dice_->one_in(8)) app_->run("DELETE FROM a");
}

void Workload::replace_b() {
  for (std::int64_t i = dice_->pick<std::int64_t>({1, 20}); i > 0; --i) {
    app_->run("INSERT OR REPLACE INTO b(k,k2,v,big,r) VALUES(?,?,?,?,?)",
              {"k" + std::to_string(dice_->between(0, 400)), dice_->between(0, 9), dice_->value(), dice_->value(),
               dice_->pick<Parameter>({std::int64_t{1}, 2.5, Parameter{}})});
  }
}

void Workload::update_b() { app_->run("UPDATE b SET v=?, r=r+1 WHERE k2=?", {dice_->value(), dice_->between(0, 9)}); }

void Workload::delete_b() {
  app_->run("DELETE FROM b WHERE k2=? AND k>?", {dice_->between(0, 9), "k" + std::to_string(dice_->between(0, 400))});
}

void Workload::replace_c() {
  app_->run("INSERT OR REPLACE INTO c VALUES(?,?,(SELECT id FROM a ORDER BY id%? LIMIT 1))",
            {"t" + std::to_string(dice_->between(0, 300)), dice_->value(), dice_->between(2, 99)});
}

void Workload::rename_key_c() {
  app_->run("UPDATE c SET t=t||? WHERE rowid%7=0", {std::to_string(dice_->between(0, 9))});
}

void Workload::insert_d() {
  for (std::int64_t i = dice_->pick<std::int64_t>({1, 25}); i > 0; --i) {
    app_->run("INSERT INTO d(v,w) VALUES(?,?)", {dice_->value(), dice_->value()});
  }
}

void Workload::delete_d() {
  app_->run("DELETE FROM d WHERE rowid IN (SELECT rowid FROM d ORDER BY rowid%? LIMIT 10)", {dice_->between(2, 99)});
}

void Workload::clear_d() {
  if (dice_->one_in(5)) app_->run("DELETE FROM d");
}

void Workload::change_e() {
  app_->run("INSERT INTO e(v,z) VALUES(?,?)", {dice_->between(0, 99), dice_->value()});
  app_->run("UPDATE e SET v=v+1 WHERE id%3=0");
}

void Workload::replace_f() {
  app_->run("INSERT OR REPLACE INTO f(id,v) VALUES(?,?)", {dice_->between(-50, 50), dice_->value()});
}

void Workload::change_strict() {
  app_->run("INSERT INTO s(i,r,t,b,x) VALUES(?,?,?,?,?)",
            {dice_->between(-1000, 1000), static_cast<double>(dice_->between(-9, 9)), dice_->bytes(0, 0) + "text",
             Blob{dice_->bytes(0, 700)}, dice_->value()});
  app_->run("UPDATE s SET r=r+0.5, x=? WHERE id%4=?", {dice_->value(), dice_->between(0, 3)});
}

void Workload::change_folded() {
  static const std::vector<std::string> names{"anna", "Anna", "ANNA", "bert", "BERT", "Zoë",
                                              "zoË",  "[x]",  "_y",   "",     "é"};
  static const std::vector<std::string> tags{"", " ", "a", "a ", "a   ", "b", "\ta"};
  for (std::int64_t i = dice_->pick<std::int64_t>({1, 30}); i > 0; --i) {
    app_->run(
        "INSERT OR REPLACE INTO w(name,tag,n,big) VALUES(?,?,?,?)",
        {dice_->pick(names), dice_->pick(tags),
         dice_->pick<Parameter>({dice_->between(-20, 20), 1.5, std::string("n"), Blob{"n"}, std::int64_t{1} << 60}),
         dice_->value()});
  }
  app_->run("UPDATE OR IGNORE w SET name=upper(name), tag=tag||' ' WHERE n=?", {dice_->between(-20, 20)});
}

void Workload::change_reversed() {
  for (std::int64_t i = dice_->pick<std::int64_t>({1, 20}); i > 0; --i) {
    app_->run("INSERT OR REPLACE INTO u VALUES(?,?,?)",
              {"word" + std::to_string(dice_->between(0, 500)), dice_->value(), dice_->value()});
  }
  app_->run("DELETE FROM u WHERE word LIKE ?", {"%" + std::to_string(dice_->between(0, 99))});
}

void Workload::change_virtual() {
  // No blobs: joined with text they become text that is no UTF-16, for which there is no right UTF-8 to compare.
  Parameter text = dice_->value();
  if (std::holds_alternative<Blob>(text)) text = std::string("was a blob");
  app_->run("INSERT INTO g(j,z) VALUES(?,?)", {text, dice_->value()});
  app_->run("UPDATE g SET j=j||'x' WHERE id%5=?", {dice_->between(0, 4)});
}

void Workload::change_hidden_function() {
  app_->run("INSERT INTO h(x,v) VALUES(?,?)", {dice_->between(-99, 99), dice_->value()});
  app_->run("UPDATE h SET x=x+1 WHERE id%3=0");
}

void Workload::change_search() {
  app_->run("INSERT INTO ft(body) VALUES(?)", {"some words number " + std::to_string(dice_->between(0, 50))});
  app_->run("INSERT INTO ft_notes(v) VALUES(?)", {dice_->value()});
}

void Workload::change_excluded() { app_->run("INSERT INTO secret(v) VALUES(?)", {dice_->value()}); }

void Workload::roll_back_part() {
  app_->run("SAVEPOINT s");
  app_->run("DELETE FROM b WHERE k2=1");
  app_->run("INSERT INTO a(name,b) VALUES(1,?)", {Blob{dice_->bytes(9000, 9000)}});
  app_->run("ROLLBACK TO s");
  app_->run("RELEASE s");
}

}  // namespace pgmirror::tests

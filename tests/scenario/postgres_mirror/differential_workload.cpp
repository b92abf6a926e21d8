#include "tests/scenario/postgres_mirror/differential_workload.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pgmirror::tests {
namespace {

struct TypedColumn {
  const char* type;
  std::vector<const char*> literals;
};

/// Expressions, so that some values are new each time.
const std::vector<TypedColumn>& typed_columns() {
  static const std::vector<TypedColumn> columns{
      {"bigint", {"9223372036854775807", "-9223372036854775808", "(random() * 1e9)::bigint", "NULL"}},
      {"numeric", {"'NaN'", "'-Infinity'", "1.0", "1.00", "0.00000000000000006938893903907228", "random()::numeric"}},
      {"float8", {"4.9406564584124654e-324", "'-0'", "'NaN'", "0.1::float8 + 0.2::float8", "random()", "'-Infinity'"}},
      {"float4", {"1.4e-45", "3.4028235e38", "random()::float4", "NULL"}},
      {"boolean", {"true", "false", "NULL"}},
      {"text",
       {"''", "NULL", R"('\N')", R"(E'a\nb\r\n\t')", "'It''s \"quoted\"'", "'😀é'", "md5(random()::text)", R"('\.')"}},
      {"bytea", {R"('\x00ff5c27')", "''", "NULL", "decode(md5(random()::text), 'hex')"}},
      {"timestamp", {"'infinity'", "'4713-11-24 00:00:00 BC'", "'2026-03-29 02:30:00.000001'", "clock_timestamp()"}},
      {"timestamptz", {"'-infinity'", "'294276-12-31 23:59:59.999999+00'", "clock_timestamp()", "NULL"}},
      {"date", {"'infinity'", "'4714-11-24 BC'", "'5874897-12-31'", "current_date"}},
      {"timetz", {"'24:00:00-15:59:59'", "'00:00:00+00'", "NULL"}},
      {"interval", {"'178000000 years'", "'-1 mons +2 days -03:04:05.000006'", "make_interval(secs => random())"}},
      {"int[]", {"'{}'", "'[-2:0]={1,2,3}'", "'{{1,2},{3,NULL}}'", "NULL"}},
      {"text[]", {R"('{NULL,"NULL","","a\"b","c\\d"}')", "ARRAY[md5(random()::text), ' ']", "'{}'"}},
      {"jsonb", {R"('{"big": 12345678901234567890}')", "'null'", "NULL", "jsonb_build_object('r', random())"}},
      {"json", {R"('{"a" : 1,  "a":2}')", "' [1 , 2] '", "NULL"}},
      {"uuid", {"gen_random_uuid()", "NULL"}},
      {"inet", {"'::ffff:1.2.3.4/128'", "'192.168.0.1/24'", "NULL"}},
      {"varbit", {"B''", "B'10101'", "NULL"}},
      {"numrange", {"'empty'", "'(,)'", "'(1.0,2.00]'", "NULL"}},
      {"int4multirange", {"'{}'", "'{[1,3),[5,)}'"}},
      {"point", {"'(1.5,-2)'", "'(NaN,Infinity)'", "NULL"}},
      {"tsvector", {"'fat:2A rat:3B,4'", "to_tsvector('simple', md5(random()::text))", "''"}},
      {"mood", {"'so so'", "'it''s \"fine\"'", "'ok'", "NULL"}},
      {"point3", {"ROW(1, 2.50, 'a \"quoted\", (nested) \\ one')", "ROW(NULL, NULL, NULL)", "NULL"}},
      {"positive", {"1", "2147483647", "NULL"}},
      {"char(4)", {"'x'", "''", "'yy '", "NULL"}},
  };
  return columns;
}

constexpr const char* some = "(SELECT ctid FROM keyless WHERE n = {} LIMIT 1)";

}  // namespace

std::string DifferentialWorkload::schema() {
  std::string sql =
      "CREATE TYPE mood AS ENUM ('so so', 'it''s \"fine\"', 'ok');"
      "CREATE TYPE point3 AS (x int, y numeric, label text);"
      "CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
      "CREATE TABLE large (id int PRIMARY KEY, n int, body text, extra bytea);"
      "ALTER TABLE large ALTER body SET STORAGE EXTERNAL, ALTER extra SET STORAGE EXTERNAL;"
      "CREATE TABLE keyless (n int, label text, at timestamptz); ALTER TABLE keyless REPLICA IDENTITY FULL;"
      "CREATE TABLE journal (n bigint, body text);"
      "CREATE TABLE swapped (id int PRIMARY KEY, place int UNIQUE, turn int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
      "INSERT INTO swapped SELECT g, g, g FROM generate_series(1, 40) g;"
      "CREATE TABLE parent (id int PRIMARY KEY, v text);"
      "CREATE TABLE child (a int, b text, parent int REFERENCES parent ON DELETE CASCADE, PRIMARY KEY (a, b));"
      "CREATE TABLE typed (id int PRIMARY KEY";
  int number = 0;
  for (const auto& column : typed_columns()) fmt::format_to(std::back_inserter(sql), ", c{} {}", number++, column.type);
  return sql + ")";
}

std::vector<std::string> DifferentialWorkload::transaction() {
  std::vector<std::string> statements;
  for (auto count = between(1, 6); count > 0; --count) {
    if (!one_in(8)) {
      statements.push_back(statement());
      continue;
    }
    statements.emplace_back("SAVEPOINT thought");
    statements.push_back(statement());
    statements.push_back(statement());
    statements.emplace_back(one_in(2) ? "ROLLBACK TO SAVEPOINT thought" : "RELEASE SAVEPOINT thought");
  }
  return statements;
}

std::string DifferentialWorkload::statement() {
  switch (between(0, 19)) {
    case 0:
      return one_in(5) ? "TRUNCATE journal"
                       : "INSERT INTO journal SELECT g, md5(g::text) FROM generate_series(1, 50) g";
    case 1:
      return one_in(6) ? "TRUNCATE parent CASCADE" : family();
    case 2:
    case 3:
      return family();
    case 4:
    case 5:
    case 6:
      return keyless();
    case 7:
    case 8:
    case 9:
      return swapped();
    case 10:
    case 11:
    case 12:
    case 13:
      return large();
    case 14:
      return fmt::format("INSERT INTO journal VALUES ({}, 'line')", between(1, 1'000'000));
    default:
      return typed();
  }
}

std::string DifferentialWorkload::typed_row() {
  std::string row;
  for (const auto& column : typed_columns()) {
    const auto chosen = between(0, static_cast<std::int64_t>(column.literals.size()) - 1);
    fmt::format_to(std::back_inserter(row), ", {}", column.literals[static_cast<std::size_t>(chosen)]);
  }
  return row;
}

std::string DifferentialWorkload::typed() {
  const auto id = between(1, 300);
  switch (between(0, 4)) {
    case 0:
      return fmt::format("DELETE FROM typed WHERE id = {}", id);
    case 1:
      return fmt::format("UPDATE typed SET id = {0} WHERE id = {1} AND NOT EXISTS (SELECT FROM typed WHERE id = {0})",
                         between(1, 300), id);
    case 2: {
      const auto column = static_cast<std::size_t>(between(0, static_cast<std::int64_t>(typed_columns().size()) - 1));
      return fmt::format("UPDATE typed SET c{} = {} WHERE id BETWEEN {} AND {}", column,
                         typed_columns()[column].literals.front(), id, id + 20);
    }
    default:
      return fmt::format("DELETE FROM typed WHERE id = {0}; INSERT INTO typed VALUES ({0}{1})", id, typed_row());
  }
}

std::string DifferentialWorkload::large() {
  const auto id = between(1, 60);
  switch (between(0, 5)) {
    case 0:
      return fmt::format("UPDATE large SET body = repeat(md5(random()::text), 300) WHERE id = {}", id);
    case 1:
      return fmt::format("DELETE FROM large WHERE id = {}", id);
    case 2:
      return fmt::format(
          "UPDATE large SET id = -id WHERE id = {0}; UPDATE large SET n = n + 1 WHERE id = -{0};"
          "UPDATE large SET id = {0} WHERE id = -{0}",
          id);
    case 3:
      return fmt::format(
          "INSERT INTO large VALUES ({}, 0, repeat(md5(random()::text), 300), "
          "decode(repeat(md5(random()::text), 400), 'hex')) ON CONFLICT (id) DO UPDATE SET n = 0",
          id);
    default:
      return fmt::format("UPDATE large SET n = n + 1 WHERE id = {}", id);
  }
}

std::string DifferentialWorkload::keyless() {
  const auto row = fmt::format(some, between(1, 20));
  switch (between(0, 4)) {
    case 0:
      return fmt::format("DELETE FROM keyless WHERE ctid = {}", row);
    case 1:
      return fmt::format("UPDATE keyless SET n = {}, label = NULL WHERE ctid = {}", between(1, 20), row);
    case 2:
      return "DELETE FROM keyless WHERE (SELECT count(*) FROM keyless) > 150 AND n % 2 = 0";
    default:
      return fmt::format("INSERT INTO keyless VALUES ({0}, 'same', '2026-01-01'), ({0}, 'same', '2026-01-01')",
                         between(1, 20));
  }
}

std::string DifferentialWorkload::swapped() {
  const auto first = between(1, 40);
  const auto second = 1 + (first + between(0, 38)) % 40;
  if (one_in(4)) return "UPDATE swapped SET turn = 41 - turn";
  return fmt::format(
      "UPDATE swapped SET {0} = -{1} WHERE {0} = {1}; UPDATE swapped SET {0} = {1} WHERE {0} = {2};"
      "UPDATE swapped SET {0} = {2} WHERE {0} = -{1}",
      one_in(2) ? "id" : "place", first, second);
}

std::string DifferentialWorkload::family() {
  const auto id = between(1, 30);
  switch (between(0, 4)) {
    case 0:
      return fmt::format("DELETE FROM parent WHERE id = {}", id);
    case 1:
      return fmt::format("UPDATE child SET b = gen_random_uuid()::text, a = a + 1 WHERE parent = {}", id);
    default:
      return fmt::format(
          "INSERT INTO parent VALUES ({0}, 'v') ON CONFLICT (id) DO UPDATE SET v = parent.v || 'x';"
          "INSERT INTO child VALUES ({1}, 'b', {0}) ON CONFLICT DO NOTHING",
          id, between(1, 100));
  }
}

DifferentialWorkload::Definition DifferentialWorkload::definition() {
  const int number = ++definitions_;
  Definition change;
  switch (number % 4) {
    case 0:
      change.source = fmt::format("ALTER TABLE parent ADD added_{0} int NOT NULL DEFAULT {0}", number);
      break;
    case 1:
      change.source = fmt::format("ALTER TABLE large ADD added_{} text", number);
      break;
    case 2:
      change.source = fmt::format("CREATE TABLE fresh_{} (id int PRIMARY KEY, v text)", number);
      change.new_table = true;
      break;
    default:
      change.source = fmt::format("ALTER TYPE mood ADD VALUE 'mood {}'", number);
  }
  change.subscriber = change.source;
  if (change.new_table)
    change.source += fmt::format("; INSERT INTO fresh_{} SELECT g, md5(g::text) FROM generate_series(1, 20) g", number);
  return change;
}

}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/random_definitions.hpp"

#include <fmt/format.h>

namespace pgmirror::tests {
namespace {

constexpr const char* tables_sql =
    "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT relispartition ORDER BY relname";

std::string columns_sql(const std::string& table) {
  return fmt::format(
      "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0"
      " AND NOT attisdropped ORDER BY attnum",
      table);
}

/// Those of identity columns go with their columns.
constexpr const char* sequences_sql =
    "SELECT oid::regclass FROM pg_class c WHERE relkind = 'S' AND relname <> 'loose' AND NOT EXISTS (SELECT FROM"
    " pg_depend WHERE objid = c.oid AND deptype = 'i') ORDER BY relname";

/// Tables whose rows the source can tell apart for whoever follows it.
constexpr const char* identified_sql =
    "SELECT quote_ident(relname) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT relispartition AND (relreplident = 'f' AND relkind = 'r' OR EXISTS (SELECT FROM pg_index"
    "  WHERE indrelid = c.oid AND indimmediate AND CASE relreplident WHEN 'd' THEN indisprimary"
    "  WHEN 'i' THEN indisreplident END)) ORDER BY relname";

}  // namespace

std::string RandomDefinitions::schema() {
  return "CREATE TYPE mood AS ENUM ('sad', 'ok');"
         "CREATE DOMAIN small AS int CHECK (VALUE < 1000000000);"
         "CREATE SEQUENCE loose INCREMENT BY 3;"
         "CREATE TABLE t1 (id int PRIMARY KEY, a text, b int);"
         "CREATE TABLE t2 (id bigserial PRIMARY KEY, a text UNIQUE, m mood DEFAULT 'ok');"
         "CREATE TABLE t3 (id int GENERATED ALWAYS AS IDENTITY, a int, b text, PRIMARY KEY (id, a));"
         "CREATE TABLE t4 (a text, b int); ALTER TABLE t4 REPLICA IDENTITY FULL;"
         "CREATE TABLE p1 (id int, d int, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
         "CREATE TABLE p1_0 PARTITION OF p1 FOR VALUES FROM (0) TO (50);"
         "CREATE TABLE p1_rest PARTITION OF p1 DEFAULT;"
         "INSERT INTO t1 SELECT g, 'a' || g, g FROM generate_series(1, 30) g;"
         "INSERT INTO t2 (a) SELECT 'a' || g FROM generate_series(1, 30) g;"
         "INSERT INTO t3 (a, b) SELECT g, 'b' || g FROM generate_series(1, 30) g;"
         "INSERT INTO t4 SELECT 'a' || g / 2, g / 2 FROM generate_series(1, 30) g;"
         "INSERT INTO p1 SELECT g, g, 'v' || g FROM generate_series(1, 100) g";
}

std::string RandomDefinitions::any(pqxx::transaction_base& now, const std::string& list_sql) {
  std::vector<std::string> found;
  for (const auto& row : now.exec(list_sql)) found.emplace_back(row[0].c_str());
  return found.empty() ? std::string{} : pick(found);
}

std::string RandomDefinitions::table(pqxx::transaction_base& now) { return any(now, tables_sql); }

std::string RandomDefinitions::column(pqxx::transaction_base& now, const std::string& table) {
  return any(now, columns_sql(table));
}

const char* RandomDefinitions::type() {
  static const std::vector<const char*> types{"int",         "bigint",  "text",  "numeric(12,2)", "mood",
                                              "timestamptz", "boolean", "int[]", "varchar(30)",   "jsonb",
                                              "uuid",        "small",   "bytea"};
  return types[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(types.size()) - 1))];
}

std::string RandomDefinitions::statement(pqxx::transaction_base& now) {
  return one_in(2) ? definition(now) : rows(now);
}

std::string RandomDefinitions::maintenance(pqxx::transaction_base& now) {
  const std::string chosen = table(now);
  switch (between(0, 3)) {
    case 0:
      return "VACUUM FULL " + chosen;
    case 1:
      return fmt::format("ALTER TYPE mood ADD VALUE '{}'", fresh("mood "));
    case 2:
      return "VACUUM " + chosen;
    default:
      return "REINDEX TABLE " + chosen;
  }
}

std::string RandomDefinitions::definition(pqxx::transaction_base& now) {
  const std::string chosen = table(now);
  if (chosen.empty() || one_in(14)) return one_in(4) ? create_partitioned() : create_table();
  switch (between(0, 19)) {
    case 0:
      return type_change(now);
    case 1:
      return partition_change(now);
    case 2:
      return view_change(now);
    case 3:
    case 4:
    case 5:
      return key_change(now, chosen);
    case 6:
    case 7:
    case 8:
      return constraint_change(now, chosen);
    case 9:
      return identity_change(now, chosen);
    case 10:
    case 11:
    case 12:
      return table_change(now, chosen);
    default:
      return column_change(now, chosen);
  }
}

std::string RandomDefinitions::create_table() {
  const std::string name = one_in(3) ? fmt::format("t{}", between(1, 4)) : fresh("n");
  switch (between(0, 4)) {
    case 0:
      return fmt::format("CREATE TABLE {} (a {}, b int)", name, type());
    case 1:
      return fmt::format("CREATE TABLE {} (id serial PRIMARY KEY, a {}, b int DEFAULT nextval('loose'))", name, type());
    case 2:
      return fmt::format("CREATE TABLE {} (a {}, id int GENERATED BY DEFAULT AS IDENTITY, PRIMARY KEY (id))", name,
                         type());
    case 3:
      return fmt::format(
          "CREATE TABLE {} AS SELECT g AS id, 'x' || g AS a, NULL::{} AS b FROM generate_series(1, 20) g", name,
          type());
    default:
      return fmt::format("CREATE TABLE {} (id int PRIMARY KEY, a {} , b text CHECK (length(b) < 10000))", name, type());
  }
}

std::string RandomDefinitions::create_partitioned() {
  const std::string name = fresh("p");
  return fmt::format(
      "CREATE TABLE {0} (id int, d int, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
      "CREATE TABLE {0}_0 PARTITION OF {0} FOR VALUES FROM (0) TO (50); CREATE TABLE {0}_rest PARTITION OF {0} DEFAULT",
      name);
}

std::string RandomDefinitions::table_change(pqxx::transaction_base& now, const std::string& table) {
  switch (between(0, 8)) {
    case 0:
      return fmt::format("DROP TABLE {} CASCADE", table);
    case 1:
      return fmt::format("ALTER TABLE {} RENAME TO {}", table, fresh("r"));
    case 2: {
      const std::string other = this->table(now);
      return fmt::format(
          "ALTER TABLE {0} RENAME TO aside; ALTER TABLE {1} RENAME TO {0}; ALTER TABLE aside RENAME TO {1}", table,
          other);
    }
    case 3:
      return fmt::format("DROP TABLE {0} CASCADE; CREATE TABLE {0} (id bigint PRIMARY KEY, a {1}, c text)", table,
                         type());
    case 4:
      return fmt::format("ALTER TABLE {} SET {}", table, one_in(2) ? "UNLOGGED" : "LOGGED");
    case 5:
      return fmt::format("COMMENT ON TABLE {} IS 'comment {}'", table, between(1, 99));
    case 6:
      return fmt::format("ALTER TABLE {} RENAME TO t{}", table, between(1, 4));
    default:
      return fmt::format("TRUNCATE {}{} CASCADE", table, one_in(2) ? " RESTART IDENTITY" : "");
  }
}

std::string RandomDefinitions::new_column() {
  const std::string name = one_in(2) ? std::string(1, static_cast<char>('a' + between(0, 5))) : fresh("c");
  switch (between(0, 7)) {
    case 0:
      return fmt::format("{} int NOT NULL DEFAULT {}", name, between(1, 99));
    case 1:
      return fmt::format("{} uuid DEFAULT gen_random_uuid()", name);
    case 2:
      return fmt::format("{} text GENERATED ALWAYS AS ('g' || {}) STORED", name, between(1, 99));
    case 3:
      return fmt::format("{} mood DEFAULT 'sad'", name);
    case 4:
      return fmt::format("{} serial", name);
    case 5:
      return fmt::format("{} text COLLATE \"C\" DEFAULT 'it''s \\ {}'", name, between(1, 99));
    default:
      return fmt::format("{} {}", name, type());
  }
}

std::string RandomDefinitions::column_change(pqxx::transaction_base& now, const std::string& table) {
  const std::string chosen = column(now, table);
  if (chosen.empty()) return fmt::format("ALTER TABLE {} ADD {}", table, new_column());
  switch (between(0, 13)) {
    case 0:
    case 1:
    case 2:
      return fmt::format("ALTER TABLE {} ADD {}", table, new_column());
    case 3:
    case 4:
      return fmt::format("ALTER TABLE {} DROP {} CASCADE", table, chosen);
    case 5:
      return fmt::format("ALTER TABLE {} RENAME {} TO {}", table, chosen, fresh("r"));
    case 6:
      return swap_columns(now, table);
    case 7:
      return take_over_name(table, chosen);
    case 8:
    case 9:
      return retype(table, chosen);
    case 10:
      return fmt::format("ALTER TABLE {} ALTER {} {} NOT NULL", table, chosen, one_in(2) ? "SET" : "DROP");
    case 11:
      return fmt::format("ALTER TABLE {} ALTER {} DROP DEFAULT", table, chosen);
    case 12:
      return fmt::format("ALTER TABLE {} ALTER {} SET DEFAULT {}", table, chosen,
                         one_in(2) ? "NULL" : value(one_in(2) ? "int" : "text"));
    default:
      return fmt::format("ALTER TABLE {0} DROP {1} CASCADE; ALTER TABLE {0} ADD {1} {2}", table, chosen, type());
  }
}

std::string RandomDefinitions::retype(const std::string& table, const std::string& column) {
  const std::string to = type();
  return fmt::format("ALTER TABLE {0} ALTER {1} DROP DEFAULT; ALTER TABLE {0} ALTER {1} TYPE {2} USING {3}", table,
                     column, to, one_in(2) ? fmt::format("{}::text::{}", column, to) : value(to));
}

std::string RandomDefinitions::swap_columns(pqxx::transaction_base& now, const std::string& table) {
  const std::string one = column(now, table);
  const std::string other = column(now, table);
  return fmt::format(
      "ALTER TABLE {0} RENAME {1} TO aside; ALTER TABLE {0} RENAME {2} TO {1}; ALTER TABLE {0} RENAME aside TO {2}",
      table, one, other);
}

std::string RandomDefinitions::take_over_name(const std::string& table, const std::string& column) {
  return fmt::format("ALTER TABLE {0} RENAME {1} TO {2}; ALTER TABLE {0} ADD {1} {3}", table, column, fresh("old"),
                     type());
}

std::string RandomDefinitions::key_change(pqxx::transaction_base& now, const std::string& table) {
  const std::string key = any(now, fmt::format("SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid ="
                                               " '{}'::regclass AND contype = 'p'",
                                               table));
  const std::string chosen = column(now, table);
  if (chosen.empty()) return "SELECT 1";
  if (key.empty()) {
    if (one_in(3)) return fmt::format("ALTER TABLE {} ADD {} serial PRIMARY KEY", table, fresh("key"));
    return fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", table, chosen);
  }
  switch (between(0, 4)) {
    case 0:
      return fmt::format("ALTER TABLE {} DROP CONSTRAINT {} CASCADE", table, key);
    case 1:
      return fmt::format("ALTER TABLE {0} DROP CONSTRAINT {1} CASCADE; ALTER TABLE {0} ADD PRIMARY KEY ({2})", table,
                         key, chosen);
    case 2:
      return fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, key, fresh("pk"));
    case 3:
      return fmt::format(
          "ALTER TABLE {0} DROP CONSTRAINT {1} CASCADE; ALTER TABLE {0} RENAME {2} TO {3}; ALTER TABLE {0} ADD {2} {4}",
          table, key, chosen, fresh("old"), type());
    default:
      return fmt::format("ALTER TABLE {0} DROP CONSTRAINT {1} CASCADE; ALTER TABLE {0} ADD {2} bigserial PRIMARY KEY",
                         table, key, fresh("key"));
  }
}

std::string RandomDefinitions::constraint_change(pqxx::transaction_base& now, const std::string& table) {
  const std::string chosen = column(now, table);
  if (chosen.empty()) return "SELECT 1";
  switch (between(0, 9)) {
    case 0:
      return fmt::format("ALTER TABLE {} ADD UNIQUE ({})", table, chosen);
    case 1:
      return fmt::format("CREATE INDEX {} ON {} ({})", fresh("i"), table, chosen);
    case 2:
      return fmt::format("CREATE UNIQUE INDEX {} ON {} (({}::text)) WHERE {} IS NOT NULL", fresh("i"), table, chosen,
                         chosen);
    case 3:
      return fmt::format("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS DISTINCT FROM NULL OR true)", table,
                         fresh("ck"), chosen);
    case 4: {
      const std::string parent = any(now,
                                     "SELECT format('%s (%I)', conrelid::regclass, attname) FROM pg_constraint"
                                     " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
                                     " WHERE contype = 'p' AND cardinality(conkey) = 1 AND connamespace ="
                                     " 'public'::regnamespace ORDER BY 1");
      if (parent.empty()) return "SELECT 1";
      return fmt::format("ALTER TABLE {} ADD {} int REFERENCES {}", table, fresh("f"), parent);
    }
    case 5:
    case 6: {
      const std::string index = any(now, fmt::format("SELECT indexrelid::regclass FROM pg_index WHERE indrelid ="
                                                     " '{}'::regclass AND NOT indisprimary ORDER BY 1::text",
                                                     table));
      if (index.empty()) return "SELECT 1";
      return one_in(2) ? fmt::format("DROP INDEX {}", index)
                       : fmt::format("ALTER INDEX {} RENAME TO {}", index, fresh("i"));
    }
    default: {
      const std::string constraint =
          any(now, fmt::format("SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = '{}'::regclass"
                               " AND contype <> 'p' ORDER BY 1",
                               table));
      if (constraint.empty()) return fmt::format("CREATE INDEX {} ON {} ({})", fresh("i"), table, chosen);
      return one_in(2) ? fmt::format("ALTER TABLE {} DROP CONSTRAINT {} CASCADE", table, constraint)
                       : fmt::format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, constraint, fresh("ck"));
    }
  }
}

std::string RandomDefinitions::identity_change(pqxx::transaction_base& now, const std::string& table) {
  if (one_in(3)) return fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL", table);
  if (one_in(2)) return fmt::format("ALTER TABLE {} REPLICA IDENTITY DEFAULT", table);
  const std::string index =
      any(now, fmt::format("SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{}'::regclass AND indisunique"
                           " AND indimmediate ORDER BY 1::text",
                           table));
  if (index.empty()) return "SELECT 1";
  return fmt::format("ALTER TABLE {} REPLICA IDENTITY USING INDEX {}", table, index);
}

std::string RandomDefinitions::type_change(pqxx::transaction_base& now) {
  switch (between(0, 7)) {
    case 5: {
      const std::string name =
          any(now, "SELECT oid::regtype FROM pg_type WHERE typtype = 'e' AND typname <> 'mood' ORDER BY typname");
      return name.empty() ? "SELECT 1" : fmt::format("ALTER TYPE {} RENAME TO {}", name, fresh("e"));
    }
    case 6: {
      const std::string name = any(now, sequences_sql);
      return name.empty() ? "SELECT 1" : fmt::format("ALTER SEQUENCE {} RENAME TO {}", name, fresh("s"));
    }
    case 7: {
      const std::string name = any(now, sequences_sql);
      return name.empty()
                 ? "SELECT 1"
                 : fmt::format("ALTER SEQUENCE {} INCREMENT BY {} CACHE {}", name, between(1, 9), between(1, 20));
    }
    case 0: {
      const std::string label = any(now, "SELECT quote_literal(enumlabel) FROM pg_enum ORDER BY enumsortorder");
      return fmt::format("ALTER TYPE mood RENAME VALUE {} TO '{}'", label, fresh("label "));
    }
    case 1:
      return fmt::format("ALTER DOMAIN small ADD CONSTRAINT {} CHECK (VALUE > -1000000000)", fresh("dc"));
    case 2: {
      const std::string constraint = any(now, "SELECT quote_ident(conname) FROM pg_constraint WHERE contypid <> 0");
      return constraint.empty() ? "SELECT 1" : "ALTER DOMAIN small DROP CONSTRAINT " + constraint;
    }
    case 3: {
      const std::string name = fresh("e");
      return fmt::format("CREATE TYPE {0} AS ENUM ('x', 'y'); ALTER TABLE {1} ADD {2} {0} DEFAULT 'y'", name,
                         table(now), fresh("c"));
    }
    default:
      return fmt::format("ALTER SEQUENCE loose RESTART WITH {}", between(1, 100000));
  }
}

std::string RandomDefinitions::partition_change(pqxx::transaction_base& now) {
  const std::string parent =
      any(now, "SELECT oid::regclass FROM pg_class WHERE relkind = 'p' AND NOT relispartition ORDER BY relname");
  if (parent.empty()) return create_partitioned();
  const std::string leaf = any(
      now, fmt::format("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = '{}'::regclass ORDER BY 1::text",
                       parent));
  const auto from = between(2, 40) * 50;
  switch (between(0, 3)) {
    case 0:
      return fmt::format("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})", fresh("leaf"), parent, from,
                         from + 50);
    case 1:
      return leaf.empty()
                 ? create_partitioned()
                 : fmt::format("ALTER TABLE {} DETACH PARTITION {}; DROP TABLE {} CASCADE", parent, leaf, leaf);
    case 2: {
      const std::string name = fresh("leaf");
      return fmt::format(
          "CREATE TABLE {0} (LIKE {1} INCLUDING ALL); INSERT INTO {0} (id, d) SELECT g, {2} + g FROM "
          "generate_series(1, 9) g; ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ({2}) TO ({3})",
          name, parent, from, from + 50);
    }
    default:
      return leaf.empty() ? create_partitioned() : "TRUNCATE " + leaf;
  }
}

std::string RandomDefinitions::view_change(pqxx::transaction_base& now) {
  if (one_in(3)) {
    const std::string view =
        any(now, "SELECT oid::regclass FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace");
    if (!view.empty()) return "DROP VIEW " + view + " CASCADE";
  }
  return fmt::format("CREATE VIEW {} AS SELECT * FROM {}", fresh("v"), table(now));
}

std::string RandomDefinitions::value(const std::string& type) {
  if (type.starts_with("int[]")) return fmt::format("'{{{},{}}}'::int[]", between(0, 9), between(0, 9));
  if (type.starts_with("int") || type.starts_with("bigint") || type == "small") {
    return fmt::format("(random() * {})::int", between(1, 100000));
  }
  if (type.starts_with("numeric")) return "random()::numeric(12,2)";
  if (type == "boolean") return one_in(2) ? "true" : "random() < 0.5";
  if (type == "jsonb") return fmt::format("jsonb_build_object('k', {})", between(1, 99));
  if (type == "uuid") return "gen_random_uuid()";
  if (type == "bytea") return "decode(md5(random()::text), 'hex')";
  if (type == "mood") return one_in(2) ? "enum_first(NULL::mood)" : "enum_last(NULL::mood)";
  if (type.starts_with("timestamp")) return "clock_timestamp()";
  if (type.starts_with("character") || type.starts_with("varchar")) return "left(md5(random()::text), 20)";
  if (type == "text") return one_in(6) ? "repeat(md5(random()::text), 200)" : "md5(random()::text)";
  return "NULL";
}

std::string RandomDefinitions::inserted(pqxx::transaction_base& now, const std::string& table) {
  std::string names;
  std::string values;
  for (const auto& row : now.exec(fmt::format(
           "SELECT quote_ident(attname), format_type(atttypid, atttypmod), atthasdef OR attidentity <> '', attnotnull"
           " FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped AND"
           " attgenerated = '' AND attidentity <> 'a' ORDER BY attnum",
           table))) {
    if (row[2].as<bool>() && !one_in(3)) continue;
    if (!row[3].as<bool>() && one_in(5)) continue;
    names += (names.empty() ? "" : ", ") + std::string(row[0].c_str());
    values += (values.empty() ? "" : ", ") + value(row[1].c_str());
  }
  if (names.empty()) return fmt::format("INSERT INTO {} DEFAULT VALUES", table);
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) ON CONFLICT DO NOTHING", table, names,
                     values, between(1, 6));
}

std::string RandomDefinitions::rows(pqxx::transaction_base& now) {
  const std::string identified = any(now, identified_sql);
  if (identified.empty() || one_in(2)) {
    const std::string chosen = table(now);
    return chosen.empty() ? create_table() : inserted(now, chosen);
  }
  const std::string some =
      fmt::format("ctid IN (SELECT ctid FROM {} ORDER BY random() LIMIT {})", identified, between(1, 5));
  if (one_in(3)) return fmt::format("DELETE FROM {} WHERE {}", identified, some);
  const auto columns = now.exec(fmt::format(
      "SELECT quote_ident(attname), format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{}'::regclass"
      " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum",
      identified));
  if (columns.empty()) return "SELECT 1";
  const auto chosen =
      columns[static_cast<pqxx::result::size_type>(between(0, static_cast<std::int64_t>(columns.size()) - 1))];
  return fmt::format("UPDATE {} SET {} = {} WHERE {}", identified, chosen[0].c_str(), value(chosen[1].c_str()), some);
}

}  // namespace pgmirror::tests

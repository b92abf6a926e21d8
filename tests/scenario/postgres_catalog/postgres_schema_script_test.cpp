#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "capture/postgres/schema_script.hpp"
#include "tests/scenario/postgres_catalog/catalog_listing.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"

namespace pgmirror::tests {
namespace {

using capture::postgres::RelationCatalog;
using capture::postgres::schema_script;
using capture::postgres::ScriptOptions;
using change::SchemaStatement;

std::vector<SchemaStatement> script_of(SourceDatabase& source, const config::TableRules& rules = {},
                                       const ScriptOptions& options = {}) {
  const RelationCatalog catalog = source.catalog(rules);
  libpq::Connection session = source.session();
  return schema_script(session, catalog, options);
}

/// As a restore does: each statement by itself, the first refusal is a failure.
/// All that a new table has already is left out: those that make it bring it.
void run(SourceDatabase& mirror, const std::vector<SchemaStatement>& script) {
  for (const SchemaStatement& statement : script) {
    // A table was made with them.
    if (statement.kind == "identity" || statement.kind == "generated column" || statement.kind == "column collation")
      continue;
    try {
      mirror.exec("BEGIN; SET LOCAL search_path = ''; " + statement.sql + "; COMMIT");
    } catch (const pqxx::sql_error& error) {
      ADD_FAILURE() << statement.kind << " " << statement.name << ": " << error.what() << "\n" << statement.sql;
      mirror.exec("ROLLBACK");
    }
  }
}

/// Lines that only one side has: `- ` the source's, `+ ` the mirror's.
std::vector<std::string> differences(SourceDatabase& source, SourceDatabase& mirror) {
  const std::set<std::string> there = catalog_listing(source.application());
  const std::set<std::string> here = catalog_listing(mirror.application());
  std::vector<std::string> lines;
  for (const std::string& line : there) {
    if (!here.contains(line)) lines.push_back("- " + line);
  }
  for (const std::string& line : here) {
    if (!there.contains(line)) lines.push_back("+ " + line);
  }
  return lines;
}

/// Difference lines that begin with `pattern`, for the reason given; each pattern must be needed.
struct Expected {
  std::string pattern;
  std::string reason;
};

void expect_only(const std::vector<std::string>& differences, const std::vector<Expected>& expected) {
  std::set<std::string> used;
  for (const std::string& line : differences) {
    const auto known =
        std::ranges::find_if(expected, [&](const Expected& candidate) { return line.starts_with(candidate.pattern); });
    if (known == expected.end()) {
      ADD_FAILURE() << "unexplained: " << line;
    } else {
      used.insert(known->pattern);
    }
  }
  for (const Expected& candidate : expected) {
    EXPECT_TRUE(used.contains(candidate.pattern)) << "no such difference any more: " << candidate.pattern;
  }
}

const std::vector<Expected> always{
    {"- publication theirs", "a publication is about the source's stream, not about its content"},
    {"- policy mine", "rows in the mirror are protected by the mirror's own rules"},
    {"- row security shop.customers", "likewise"},
    {"- rule keep: O", "rules fire in the source"},
    {"+ rule keep: D", "and wait in the mirror"},
    {"- enum shop.unused", "no mirrored table needs it"},
    {"- relation public.cache", "unlogged: not in the stream"},
    {"- column public.cache.", "likewise"},
    {"- columns public.cache", "likewise"},
    {"- constraint public.cache.", "likewise"},
    {"- index public.cache_pkey", "likewise"},
    {"- child public.child of public.parent", "inherits: a table on its own"},
    {"- column shop.customers.id: bigint not null default a", "ALWAYS would refuse the source's values"},
    {"+ column shop.customers.id: bigint not null default d", "BY DEFAULT takes them"},
    {"- trigger shop.customers.", "triggers fire in the source"},
    {"+ trigger shop.customers.late: D", "and wait in the mirror"},
    {"+ trigger shop.customers.touch: D", "likewise"},
    {"- constraint shop.orders.orders_customer_fkey:", "the order of rows within a transaction is the source's"},
    {"+ constraint shop.orders.orders_customer_fkey: FOREIGN KEY (customer) REFERENCES shop.customers(id) ON UPDATE"
     " RESTRICT ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
     "checked at its end"},
    {"- constraint shop.orders.own_parent:", "likewise"},
    {"+ constraint shop.orders.own_parent: FOREIGN KEY (parent) REFERENCES shop.orders(id) DEFERRABLE INITIALLY"
     " DEFERRED",
     "likewise"},
    {"- constraint shop.orders.late_check:", "likewise"},
    {"+ constraint shop.orders.late_check: FOREIGN KEY (parent) REFERENCES shop.orders(number) DEFERRABLE INITIALLY"
     " DEFERRED NOT VALID",
     "likewise"},
};

std::vector<Expected> with(std::vector<Expected> more) {
  std::vector<Expected> all = always;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const std::vector<Expected> foreign_keys_of_all_tables{
    {"- constraint public.event_notes.", "deferred"}, {"+ constraint public.event_notes.", "deferred"},
    {"- constraint public.secrets.", "deferred"},     {"+ constraint public.secrets.", "deferred"},
    {"- constraint public.secret_keys.", "deferred"}, {"+ constraint public.secret_keys.", "deferred"},
};

TEST(PostgresSchemaScript, EveryObjectOfTheSourceStandsInAMirrorWithPartitions) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_SCHEMA_SOURCE);
  SourceDatabase mirror;
  const auto script = script_of(source, config::TableRules({}, {}, {}, {"*"}), {.triggers = true});
  EXPECT_GE(script.size(), 60U);
  run(mirror, script);
  expect_only(differences(source, mirror), with(foreign_keys_of_all_tables));
}

TEST(PostgresSchemaScript, D21_PartitionedTablesAreOneTableByDefault) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_SCHEMA_SOURCE);
  SourceDatabase mirror;
  run(mirror, script_of(source, {}, {.triggers = true}));
  std::vector<Expected> expected = with(foreign_keys_of_all_tables);
  for (const std::string what : {"relation", "column", "columns", "index", "constraint", "child"}) {
    expected.push_back({"- " + what + " public.events_2", "a partition"});
    expected.push_back({"- " + what + " public.events_rest", "a partition"});
  }
  expected.push_back({"- partitioned public.events", "one table"});
  expected.push_back({"- relation public.events: p", "one table"});
  expected.push_back({"+ relation public.events: r", "one table"});
  for (const std::string index : {"events_kind", "events_unique", "events_pkey"}) {
    expected.push_back({"- index public." + index + ":", "ON ONLY the partitioned table"});
    expected.push_back({"+ index public." + index + ":", "on the table"});
  }
  expect_only(differences(source, mirror), expected);
}

TEST(PostgresSchemaScript, WhatNeedsAnExcludedTableOrColumnIsLeftOut) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_SCHEMA_SOURCE);
  SourceDatabase mirror;
  run(mirror, script_of(source, config::TableRules({}, {"secrets"}, {"accounts.password"}), {.triggers = true}));
  const std::set<std::string> lines = catalog_listing(mirror.application());
  const auto has = [&](const std::string& beginning) {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.starts_with(beginning); });
  };
  for (const std::string gone :
       {"relation public.secrets", "sequence public.secrets_id_seq", "relation public.secret_view",
        "relation public.view_of_secret_view", "constraint public.secret_keys.secret_keys_secret_fkey",
        "column public.accounts.password", "column public.accounts.hint", "relation public.passwords",
        "index public.accounts_password", "index public.accounts_login_password",
        "constraint public.accounts.accounts_password_check"}) {
    EXPECT_FALSE(has(gone)) << gone;
  }
  for (const std::string kept :
       {"column public.secret_keys.secret", "column public.accounts.login", "relation public.logins",
        "constraint public.accounts.accounts_login_check", "constraint public.accounts.accounts_login_key"}) {
    EXPECT_TRUE(has(kept)) << kept;
  }
}

TEST(PostgresSchemaScript, OnlyRequiredStatementsAreNeededForTheRows) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_SCHEMA_SOURCE);
  SourceDatabase mirror;
  auto script = script_of(source);
  bool after = false;
  for (const SchemaStatement& statement : script) {
    EXPECT_FALSE(after && statement.stage == SchemaStatement::Stage::before_data) << statement.name;
    after = statement.stage == SchemaStatement::Stage::after_data;
  }
  std::erase_if(script,
                [](const SchemaStatement& statement) { return !statement.required && statement.kind != "schema"; });
  run(mirror, script);
  const std::set<std::string> lines = catalog_listing(mirror.application());
  EXPECT_TRUE(lines.contains("constraint shop.customers.customers_pkey: PRIMARY KEY (id)"));
  EXPECT_TRUE(lines.contains("column shop.customers.attributes: ext.hstore default "));
}

TEST(PostgresSchemaScript, T17_AnExtensionInAnotherSchemaOfTheMirrorKeepsNoTableAway) {
  SourceDatabase source;
  source.exec(R"(
    CREATE EXTENSION "uuid-ossp"; CREATE FUNCTION code() RETURNS text LANGUAGE sql AS 'SELECT uuid_generate_v4()::text';
    CREATE TABLE t(id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), c text DEFAULT code(), n int NOT NULL DEFAULT 5))");
  SourceDatabase mirror;
  mirror.exec("CREATE SCHEMA extensions; CREATE EXTENSION \"uuid-ossp\" SCHEMA extensions");
  std::string refused;
  for (const SchemaStatement& statement : script_of(source)) {
    try {
      mirror.exec("BEGIN; " + statement.sql + "; COMMIT");
    } catch (const pqxx::sql_error&) {
      mirror.exec("ROLLBACK");
      refused += statement.kind + " " + statement.name + "\n";
      EXPECT_FALSE(statement.required) << statement.sql;
    }
  }
  EXPECT_EQ(refused, "default t.id\n");
  EXPECT_EQ(mirror.lines("SELECT attname || ' ' || attnotnull || ' ' || coalesce(pg_get_expr(adbin, adrelid), '-')"
                         " FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
                         " WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum"),
            "id true -\nc false code()\nn true 5\n");
}

TEST(PostgresSchemaScript, D15_AMirrorThatIsWrittenGoesOnCounting) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE a(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);"
      "CREATE TABLE b(id serial PRIMARY KEY, v int)");
  SourceDatabase mirror;
  run(mirror, script_of(source));
  mirror.exec(
      "INSERT INTO a(id, v) VALUES (40, 1); UPDATE a SET id = 41; SELECT setval('a_id_seq', 100);"
      "INSERT INTO a(v) VALUES (2); INSERT INTO b(v) VALUES (3)");
  EXPECT_EQ(mirror.lines("SELECT id FROM a ORDER BY id"), "41\n101\n");
  EXPECT_EQ(mirror.value("SELECT pg_get_serial_sequence('b', 'id')"), "public.b_id_seq");
}

TEST(PostgresSchemaScript, T10_LabelsOfMirroredEnumsAreToldInTheirOrderWithTheirNumbers) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_SCHEMA_SOURCE);
  source.exec("ALTER TYPE shop.mood ADD VALUE 'first' BEFORE 'sad'");
  source.exec("ALTER TYPE shop.mood ADD VALUE 'it''s last'");
  const RelationCatalog catalog = source.catalog();
  libpq::Connection session = source.session();
  const auto additions = capture::postgres::enum_additions(session, catalog);
  ASSERT_EQ(additions.size(), 1U);
  std::string labels;
  for (const std::string& label : additions.front().parts) labels += label + "; ";
  EXPECT_EQ(labels, source.value("SELECT string_agg(concat(oid, ' ', quote_literal(enumlabel), '; '), '' ORDER BY"
                                 " enumsortorder) FROM pg_enum WHERE enumtypid = 'shop.mood'::regtype"));
}

}  // namespace
}  // namespace pgmirror::tests

#include <fmt/format.h>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

using change::SchemaStatement;
using Stage = SchemaStatement::Stage;

/// The mirror's objects are made by the source's own statements.
class ScriptedObjects : public NativeApply {
 protected:
  ScriptedObjects() {
    people_ = native_.table("person", {{"id", "integer"}, {"name", "text"}}, {0}, {{"1", "ada"}, {"2", "bea"}});
    pets_ = native_.table("pet", {{"id", "integer"}, {"owner", "integer"}}, {0}, {{"1", "1"}});
  }

  void after_data(const std::string& kind, const std::string& name, const std::string& sql, bool required = false) {
    native_.script(
        {.stage = Stage::after_data, .kind = kind, .schema = "app", .name = name, .sql = sql, .required = required});
  }

  change::RelationPtr people_;
  change::RelationPtr pets_;
};

TEST_F(ScriptedObjects, StandAfterTheCopy) {
  after_data("foreign key", "pet.pet_owner",
             "ALTER TABLE app.pet ADD CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES app.person(id) "
             "ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED");
  after_data("index", "person.person_lower", "CREATE INDEX person_lower ON app.person USING btree (lower(name))");
  after_data("view", "names", "CREATE VIEW app.names AS SELECT name FROM app.person");
  start_and_copy();
  EXPECT_TRUE(holds_what_the_source_has(people_));
  EXPECT_EQ(rows("SELECT conname FROM pg_constraint WHERE connamespace = 'app'::regnamespace ORDER BY 1"),
            (std::vector<std::string>{"person_pkey", "pet_owner", "pet_pkey"}));
  EXPECT_EQ(count("app.names"), 2);
  EXPECT_EQ(ask("SELECT to_regclass('app.person_lower') IS NOT NULL"), "t");
  EXPECT_GE(count("pgmirror.schema_history WHERE statement LIKE '%pet_owner%'"), 1);
}

TEST_F(ScriptedObjects, X14_ForeignKeysDoNothingOfTheirOwnWhereTriggersCannotBeSilenced) {
  after_data("foreign key", "pet.pet_owner",
             "ALTER TABLE app.pet ADD CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES app.person(id) "
             "ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED");
  connect_as_plain_owner();
  start_and_copy();
  // A row that is deleted and made again under the same key, which on a cascading mirror takes its children along.
  native_.transaction([&] {
    native_.remove(people_, {"1", "ada"});
    native_.insert(people_, {"7", "ada"});
    native_.update(pets_, {"1", "1"}, {"1", "7"});
  });
  native_.transaction([&] {
    native_.update(people_, {"7", "ada"}, {"8", "ada"});
    native_.update(pets_, {"1", "7"}, {"1", "8"});
  });
  expect_exact(pets_);
  expect_exact(people_);
}

TEST_F(ScriptedObjects, C10_NobodyElseReadsThem) {
  tell("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN CREATE ROLE anon; END IF; END $$");
  tell("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO anon; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO anon");
  native_.script({.kind = "sequence", .schema = "app", .name = "numbers", .sql = "CREATE SEQUENCE app.numbers"});
  after_data("view", "names", "CREATE VIEW app.names AS SELECT name FROM app.person");
  after_data("function", "names_of",
             "CREATE FUNCTION app.names_of() RETURNS bigint LANGUAGE sql SECURITY DEFINER "
             "AS 'SELECT count(*) FROM app.person'");
  start_and_copy();
  EXPECT_EQ(rows("SELECT c.relname FROM pg_class c WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' AND "
                 "NOT relrowsecurity"),
            std::vector<std::string>{});
  EXPECT_EQ(ask("SELECT has_table_privilege('anon', 'app.person', 'SELECT')"), "f");
  EXPECT_EQ(ask("SELECT has_table_privilege('anon', 'app.names', 'SELECT')"), "f");
  EXPECT_EQ(ask("SELECT has_sequence_privilege('anon', 'app.numbers', 'USAGE')"), "f");
  EXPECT_EQ(ask("SELECT has_function_privilege('anon', 'app.names_of()', 'EXECUTE')"), "f");
}

/// The source's server prints a statement as its names are by then, which the mirror may be told later.
class StatementsOfLater : public ScriptedObjects {
 protected:
  StatementsOfLater() {
    others_ = native_.table("other_person", {{"id", "integer"}}, {0}, {{"1"}});
    gifts_ =
        native_.table("gift", {{"id", "integer"}, {"giver", "integer"}, {"taker", "integer"}}, {0}, {{"1", "1", "1"}});
  }
  /// The foreign key as the source prints it from the first copy on; the mirror makes it before it knows the names.
  SchemaStatement key(const std::string& definition) {
    SchemaStatement statement{.stage = Stage::after_data,
                              .kind = "foreign key",
                              .schema = "app",
                              .name = "gift.gift_key",
                              .sql = "ALTER TABLE \"app\".\"gift\" ADD CONSTRAINT \"gift_key\" FOREIGN KEY " +
                                     definition + " DEFERRABLE INITIALLY DEFERRED",
                              .table = "gift",
                              .parts = {"constraint gift_key"}};
    native_.script(statement);
    return statement;
  }
  void tell_layout(const SchemaStatement& part) {
    native_.statement(
        {.stage = Stage::after_data,
         .kind = change::table_layout_kind,
         .schema = "app",
         .name = "gift",
         .table = "gift",
         .parts = {"column id", "column giver", "column taker", "constraint gift_pkey", part.parts.front()}});
    native_.statement(part);
  }
  std::string standing_key() {
    return ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'gift_key'");
  }

  change::RelationPtr others_;
  change::RelationPtr gifts_;
};

TEST_F(StatementsOfLater, D6_ForeignKeyOfColumnsThatExchangeNames) {
  const SchemaStatement giver = key("(giver) REFERENCES app.person(id)");
  start_and_copy();
  native_.transaction([&] {
    change::Relation after = *gifts_;
    std::swap(after.columns[1].name, after.columns[2].name);
    gifts_ = native_.redefine(gifts_, after, {{"giver", "taker"}, {"taker", "giver"}});
    tell_layout(giver);
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(standing_key(), "FOREIGN KEY (giver) REFERENCES app.person(id) DEFERRABLE INITIALLY DEFERRED");
}

TEST_F(StatementsOfLater, D7_ForeignKeyToTablesThatExchangeNames) {
  const SchemaStatement to_person = key("(giver) REFERENCES app.person(id)");
  start_and_copy();
  native_.transaction([&] {
    change::Relation person = *people_;
    change::Relation aside = *people_;
    change::Relation other = *others_;
    aside.name = "aside";
    person.name = "other_person";
    other.name = "person";
    people_ = native_.redefine(people_, aside);
    others_ = native_.redefine(others_, other);
    people_ = native_.redefine(people_, person);
    tell_layout(to_person);
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(standing_key(), "FOREIGN KEY (giver) REFERENCES app.person(id) DEFERRABLE INITIALLY DEFERRED");
}

TEST_F(StatementsOfLater, D8_DefaultFromSequencesThatExchangeNames) {
  const SchemaStatement from_first{
      .stage = Stage::after_data,
      .kind = "default",
      .schema = "app",
      .name = "gift.id",
      .sql = R"(ALTER TABLE "app"."gift" ALTER COLUMN "id" SET DEFAULT nextval('app.first'::regclass))",
      .table = "gift",
      .parts = {"default id"}};
  for (const char* name : {"first", "second"}) {
    native_.script(
        {.kind = "sequence", .schema = "app", .name = name, .sql = std::string("CREATE SEQUENCE app.") + name});
  }
  native_.script(from_first);
  start_and_copy();
  native_.transaction([&] {
    for (const char* sql : {"app.first RENAME TO aside", "app.second RENAME TO first", "app.aside RENAME TO second"}) {
      native_.statement({.stage = Stage::after_data,
                         .kind = "renamed sequence",
                         .schema = "app",
                         .sql = std::string("ALTER SEQUENCE ") + sql});
    }
    tell_layout(from_first);
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(ask("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'app.gift'::regclass"),
            "nextval('app.first'::regclass)");
}

TEST_F(ScriptedObjects, RefusedOneThatRowsDoNotNeedIsLeftOutByName) {
  after_data("index", "person.person_odd", "CREATE INDEX person_odd ON app.person USING no_such_method (name)");
  start_and_copy();
  EXPECT_TRUE(holds_what_the_source_has(people_));
  EXPECT_EQ(count("pgmirror.schema_history WHERE reason LIKE 'left out: index %person_odd%'"), 1);
}

TEST_F(ScriptedObjects, T17_RefusedOneThatRowsNeedIsNamedAndNothingIsCopied) {
  native_.script({.kind = "extension",
                  .name = "no_such_extension",
                  .sql = "CREATE EXTENSION no_such_extension",
                  .required = true});
  start();
  ASSERT_TRUE(says(MirrorState::failed, "extension no_such_extension"));
  EXPECT_EQ(count("app.person"), 0);
}

TEST_F(ScriptedObjects, StandingTablesAreCompletedAndKeptAsTheyAre) {
  tell("CREATE SCHEMA app; CREATE TABLE app.person (id integer PRIMARY KEY, note text DEFAULT 'ours')");
  start_and_copy();
  EXPECT_TRUE(holds_what_the_source_has(people_));
  EXPECT_EQ(rows("SELECT DISTINCT note FROM app.person"), std::vector<std::string>{"ours"});
}

TEST_F(ScriptedObjects, StandingTablesThatDoNotFitAreListedAndNothingIsMade) {
  tell("CREATE SCHEMA app; CREATE TABLE app.person (id uuid PRIMARY KEY, name integer)");
  start();
  ASSERT_TRUE(says(MirrorState::failed, "column name is integer in the mirror"));
  EXPECT_NE(status().reason.find("column id is uuid in the mirror"), std::string::npos);
  EXPECT_EQ(ask("SELECT to_regclass('app.pet') IS NULL"), "t");
}

TEST_F(ScriptedObjects, RowsOfSomebodyElseAreNotReplaced) {
  tell(
      "CREATE SCHEMA app; CREATE TABLE app.person (id integer PRIMARY KEY, name text); "
      "INSERT INTO app.person VALUES (99, 'ours')");
  start();
  ASSERT_TRUE(says(MirrorState::failed, "has rows in it"));
  EXPECT_EQ(count("app.person"), 1);
}

TEST_F(ScriptedObjects, D19_StatementInTheStreamRunsAtItsCommit) {
  start_and_copy();
  native_.transaction([&] {
    native_.insert(people_, {"3", "cis"});
    native_.statement({.stage = Stage::after_data,
                       .kind = "view",
                       .schema = "app",
                       .name = "names",
                       .sql = "CREATE VIEW app.names AS SELECT name FROM app.person"});
    native_.insert(people_, {"4", "dan"});
  });
  native_.transaction([&] {
    native_.statement({.stage = Stage::after_data,
                       .kind = "view",
                       .schema = "app",
                       .name = "bad",
                       .sql = "CREATE VIEW app.bad AS SELECT nothing FROM app.person"});
    native_.insert(people_, {"5", "eve"});
  });
  expect_exact(people_);
  EXPECT_EQ(count("app.names"), 5);
  EXPECT_EQ(count("pgmirror.schema_history WHERE reason LIKE 'left out: view app.bad%'"), 1);
}

TEST_F(ScriptedObjects, D16_SequencesGoForwardAndNeverBack) {
  native_.script({.kind = "sequence", .schema = "app", .name = "up", .sql = "CREATE SEQUENCE app.up"});
  native_.script({.kind = "sequence",
                  .schema = "app",
                  .name = "down",
                  .sql = "CREATE SEQUENCE app.down INCREMENT -1 MINVALUE -1000 MAXVALUE -1"});
  native_.sequence_at({.schema = "app", .name = "up", .value = 10});
  native_.sequence_at({.schema = "app", .name = "down", .value = -10, .descending = true});
  start_and_copy();
  EXPECT_EQ(ask("SELECT nextval('app.up')"), "11");
  native_.transaction([&] {
    native_.insert(people_, {"3", "cis"});
    native_.sequence({.schema = "app", .name = "up", .value = 5});
    native_.sequence({.schema = "app", .name = "down", .value = -2000, .descending = true});
    native_.sequence({.schema = "app", .name = "missing", .value = 5});
  });
  expect_exact(people_);
  EXPECT_EQ(ask("SELECT last_value FROM app.up"), "11");
  EXPECT_EQ(ask("SELECT last_value FROM app.down"), "-1000");
}

TEST_F(ScriptedObjects, D14_D15_ColumnsThatTheMirrorMakesItselfAreLeftToIt) {
  tell(
      "CREATE SCHEMA app; CREATE TABLE app.person (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, "
      "loud text GENERATED ALWAYS AS (upper(name)) STORED)");
  start_and_copy();
  native_.transaction([&] {
    native_.insert(people_, {"3", "cis"});
    native_.update(people_, {"1", "ada"}, {"1", "dan"});
    native_.update(people_, {"2", "bea"}, {"5", "bea"}, {1});
  });
  expect_exact(people_);
  EXPECT_EQ(rows("SELECT id, loud FROM app.person ORDER BY id"), (std::vector<std::string>{"1|DAN", "3|CIS", "5|BEA"}));
}

TEST_F(ScriptedObjects, X13_TruncationKeepsItsPlaceAmongTheRows) {
  after_data("foreign key", "pet.pet_owner",
             "ALTER TABLE app.pet ADD CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES app.person(id) "
             "DEFERRABLE INITIALLY DEFERRED");
  start_and_copy();
  native_.transaction([&] {
    native_.insert(people_, {"3", "cis"});
    native_.truncate({people_, pets_});
    native_.insert(people_, {"1", "new"});
  });
  expect_exact(people_);
  expect_exact(pets_);
  EXPECT_EQ(count("app.person"), 1);
}

TEST_F(ScriptedObjects, X13_LargeTablesAreEmptiedTogether) {
  after_data("foreign key", "pet.pet_owner",
             "ALTER TABLE app.pet ADD CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES app.person(id) "
             "DEFERRABLE INITIALLY DEFERRED");
  start_and_copy();
  const std::string before = "SELECT pg_relation_filenode('app.person')";
  tell("INSERT INTO app.person SELECT n, repeat('x', 1000) FROM generate_series(10, 30000) n");
  tell("INSERT INTO app.pet SELECT n, n FROM generate_series(10, 30000) n");
  const std::string node = ask(before);
  native_.transaction([&] { native_.truncate({people_, pets_}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("app.person"), 0);
  EXPECT_EQ(count("app.pet"), 0);
  EXPECT_NE(ask(before), node) << "row by row";
}

}  // namespace
}  // namespace pgmirror::tests

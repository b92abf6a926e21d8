#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"

namespace pgmirror::tests {
namespace {

/// Where roles of the source do not exist.
ThrowawayPostgres& other_cluster() {
  static ThrowawayPostgres cluster;
  return cluster;
}

class Policies : public HostileMirror {
 protected:
  Policies() : HostileMirror(shared_postgres(), other_cluster()) {
    for (const std::string role : {"policy_reader", "policy_writer"}) {
      tell_source("DO $$BEGIN CREATE ROLE " + role + "; EXCEPTION WHEN duplicate_object THEN END$$");
    }
    tell_mirror("DO $$BEGIN CREATE ROLE policy_reader; EXCEPTION WHEN duplicate_object THEN END$$");
  }

  std::string policies(const config::ConnectionSettings& database) {
    return ask(
        database,
        "SELECT coalesce(string_agg(format('%s.%s %s %s %s %s %s', tablename, policyname, permissive, roles, cmd,"
        " qual, with_check), E'\\n' ORDER BY tablename, policyname), '') FROM pg_policies WHERE schemaname ="
        " 'public'");
  }
  /// What a reader of the mirror sees who has been given the table. Functions may be made anew while rights are given.
  std::string seen_by_reader(const std::string& table) {
    std::string seen;
    const auto reads = [&] {
      try {
        seen = read_as_reader(table);
        return true;
      } catch (const pqxx::sql_error& changing) {
        seen = changing.what();
        return false;
      }
    };
    EXPECT_TRUE(eventually(30s, reads)) << seen;
    return seen;
  }

 private:
  std::string read_as_reader(const std::string& table) {
    tell_mirror("GRANT USAGE ON SCHEMA public TO policy_reader; GRANT SELECT ON " + table +
                " TO policy_reader; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO policy_reader");
    pqxx::connection connection(connection_string(pair_.mirror()));
    pqxx::work reading(connection);
    reading.exec("SET LOCAL ROLE policy_reader");
    return reading.exec1("SELECT count(*) FROM " + table)[0].as<std::string>();
  }
};

constexpr const char* notes =
    "CREATE FUNCTION visible(o text) RETURNS boolean STABLE LANGUAGE sql AS $$SELECT o <> 'boss'$$;"
    "CREATE TABLE notes(id int PRIMARY KEY, owner text, v text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
    "CREATE POLICY \"All of them\" ON notes USING (true) WITH CHECK (owner = current_user);"
    "CREATE POLICY hidden ON notes AS RESTRICTIVE FOR SELECT TO policy_reader USING (visible(owner));"
    "INSERT INTO notes VALUES (1, 'ann', 'a'), (2, 'boss', 'b'), (3, 'cid', 'c');"
    "CREATE TABLE off(id int PRIMARY KEY); CREATE POLICY sleeping ON off USING (true); INSERT INTO off VALUES (1)";

TEST_F(Policies, AreNotMadeUnlessAskedForAndTheMirrorStaysClosed) {
  mirror_first(notes);
  EXPECT_EQ(policies(pair_.mirror()), "");
  EXPECT_EQ(ask_mirror("SELECT bool_and(relrowsecurity) FROM pg_class WHERE relname IN ('notes', 'off')"), "t");
  EXPECT_EQ(seen_by_reader("notes"), "0");
  EXPECT_TRUE(pair_.logs("3 row level security policies (not in schema.include)"));
}

TEST_F(Policies, AreMadeWhereAskedForAndFollowed) {
  pair_.program().set("MIRROR_SCHEMA_INCLUDE", "policies");
  mirror_first(notes);
  const auto same = [&] {
    const std::string wanted = ask_source(
        "SELECT coalesce(string_agg(format('%s.%s %s %s %s %s %s', tablename, policyname, permissive, roles, cmd,"
        " qual, with_check), E'\\n' ORDER BY tablename, policyname), '') FROM pg_policies JOIN pg_class c ON c.relname "
        "="
        " tablename AND c.relrowsecurity WHERE schemaname = 'public'");
    return eventually(30s, [&] { return policies(pair_.mirror()) == wanted; });
  };
  EXPECT_TRUE(same());
  EXPECT_NE(policies(pair_.mirror()), "");
  EXPECT_EQ(seen_by_reader("notes"), "2");
  EXPECT_EQ(seen_by_reader("off"), "0");
  tell_source(
      "ALTER POLICY hidden ON notes USING (owner = 'cid'); ALTER POLICY \"All of them\" ON notes RENAME TO every");
  EXPECT_TRUE(same());
  EXPECT_EQ(seen_by_reader("notes"), "1");
  tell_source("DROP POLICY every ON notes; ALTER TABLE off ENABLE ROW LEVEL SECURITY");
  EXPECT_TRUE(same());
  EXPECT_EQ(seen_by_reader("notes"), "0");
  EXPECT_EQ(seen_by_reader("off"), "1");
  // Nothing of it may keep us from writing.
  tell_source("ALTER TABLE notes FORCE ROW LEVEL SECURITY; INSERT INTO notes VALUES (4, 'boss', 'd')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM pg_class WHERE relforcerowsecurity"), "0");
}

/// Permissive ones without a restrictive one would show more than the source does.
TEST_F(Policies, OfARoleThatTheMirrorHasNotAreAllLeftOut) {
  pair_.program().set("MIRROR_SCHEMA_INCLUDE", "policies");
  mirror_first(
      "CREATE TABLE notes(id int PRIMARY KEY, owner text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY every ON notes USING (true);"
      "CREATE POLICY few ON notes AS RESTRICTIVE TO policy_reader, policy_writer USING (id = 1);"
      "INSERT INTO notes VALUES (1, 'a'), (2, 'b');"
      "CREATE TABLE fine(id int PRIMARY KEY); ALTER TABLE fine ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY every ON fine USING (true); INSERT INTO fine VALUES (1)");
  EXPECT_TRUE(pair_.logs("role \"policy_writer\" does not exist"));
  EXPECT_EQ(times_logged("policy_writer"), 1U);
  EXPECT_TRUE(eventually(30s, [&] { return seen_by_reader("fine") == "1"; }));
  EXPECT_EQ(seen_by_reader("notes"), "0");
}

}  // namespace
}  // namespace pgmirror::tests

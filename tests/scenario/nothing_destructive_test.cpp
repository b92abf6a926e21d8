#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

class NothingDestructive : public MirroredStore {
 protected:
  std::string ask(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec1(sql)[0].as<std::string>();
  }
  void tell(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec(sql);
  }
};

TEST_F(NothingDestructive, RowsThatStandInTheMirrorAlreadyAreLeftAlone) {
  application_.exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'from the application')");
  tell("CREATE TABLE t (id bigint PRIMARY KEY, a text)");
  tell("INSERT INTO t VALUES (7, 'somebody else wrote this')");
  program_.start();
  ASSERT_TRUE(logs("pgmirror resync t"));
  EXPECT_NE(program_.command({"health"}).end, ProgramEnd{});
  EXPECT_EQ(ask("SELECT string_agg(id || a, ',') FROM t"), "7somebody else wrote this");
}

TEST_F(NothingDestructive, TableDroppedInTheSourceStaysInTheMirror) {
  application_.exec("CREATE TABLE kept (a TEXT); INSERT INTO kept VALUES ('x'); CREATE TABLE other (a TEXT)");
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec("DROP TABLE kept; INSERT INTO other VALUES ('y')");
  ASSERT_TRUE(becomes_same({.extra_tables = {"kept"}}));
  EXPECT_EQ(ask("SELECT a FROM kept"), "x");
}

TEST_F(NothingDestructive, TableDroppedInTheSourceGoesWhereThatWasAskedFor) {
  program_.set("MIRROR_DROP_TABLES", "true");
  application_.exec("CREATE TABLE gone (a TEXT); CREATE TABLE other (a TEXT)");
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec("DROP TABLE gone");
  EXPECT_TRUE(becomes_same());
}

TEST_F(NothingDestructive, LostStateDirectoryDoesNotStartFromNow) {
  application_.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'one')");
  program_.start();
  ASSERT_TRUE(becomes_same());
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  application_.exec("INSERT INTO t VALUES (2, 'two')");
  std::filesystem::remove_all(directory_ / "state");
  program_.start();
  ASSERT_TRUE(logs("resync"));
  application_.exec("INSERT INTO t VALUES (3, 'three')");
  EXPECT_NE(program_.command({"health"}).end, ProgramEnd{});
  EXPECT_EQ(ask("SELECT count(*) FROM t"), "1") << "another history must not be written over the mirror";
}

}  // namespace
}  // namespace pgmirror::tests

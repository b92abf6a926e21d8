#include <fmt/format.h>

#include <fstream>

#include "tests/scenario/bad_input/bad_input.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

using Step = std::function<void(GoodSetup&)>;

/// The mirror's settings, changed.
Step mirror_with(std::function<void(config::ConnectionSettings&)> change) {
  return [change = std::move(change)](GoodSetup& setup) {
    auto settings = setup.mirror;
    change(settings);
    setup.set_mirror(settings);
  };
}

void mend_mirror(GoodSetup& setup) { setup.set_mirror(setup.mirror); }

/// A role that the server asks for a password; pg_hba.conf is the cluster's, so it is written once.
void make_locked_role(GoodSetup& setup) {
  const auto rules = shared_postgres().data_directory() / "pg_hba.conf";
  const std::string before = file_text(rules);
  if (before.find("locked") == std::string::npos) {
    std::ofstream(rules) << "host all locked 127.0.0.1/32 scram-sha-256\n" << before;
    setup.tell("CREATE ROLE locked LOGIN PASSWORD 'another-password'");
    setup.tell("SELECT pg_reload_conf()");
  }
}

Step table_in_mirror(std::string sql) {
  return [sql = std::move(sql)](GoodSetup& setup) { setup.tell(sql); };
}

}  // namespace

std::vector<BadInput> mirror_cases() {
  return {
      {"RefusedPort",
       mirror_with([](auto& mirror) { mirror.port = 1; }),
       runs_on,
       {"mirror cannot be reached", "refused"},
       mend_mirror},
      {"UnknownHost",
       mirror_with([](auto& mirror) { mirror.host = "nowhere.invalid"; }),
       runs_on,
       {"mirror cannot be reached", "nowhere.invalid"},
       mend_mirror},
      {"UnknownDatabase",
       mirror_with([](auto& mirror) { mirror.database = "nothere"; }),
       runs_on,
       {"database does not exist", "nothere"},
       mend_mirror},
      {"UnknownRole", mirror_with([](auto& mirror) { mirror.user = "stranger"; }), runs_on, {"stranger"}, mend_mirror},
      {"WrongPassword",
       [](GoodSetup& setup) {
         make_locked_role(setup);
         mirror_with([](auto& mirror) { mirror.user = "locked"; })(setup);
       },
       runs_on,
       {"refuses the password"},
       mend_mirror},
      {"NoPassword",
       [](GoodSetup& setup) {
         make_locked_role(setup);
         setup.set("MIRROR_DB_PASSWORD", "");
         mirror_with([](auto& mirror) { mirror.user = "locked"; })(setup);
       },
       runs_on,
       {"no password supplied"},
       mend_mirror},
      {"TlsThatTheServerHasNot",
       mirror_with([](auto& mirror) { mirror.sslmode = "require"; }),
       runs_on,
       {"SSL"},
       mend_mirror},
      {"TlsThatCannotBeVerified",
       mirror_with([](auto& mirror) { mirror.sslmode = "verify-full"; }),
       78,
       {"verify-full needs sslrootcert"},
       mend_mirror},
      {"ParameterThatPoolersRefuse",
       [](GoodSetup& setup) {
         mend_mirror(setup);
         setup.set("MIRROR_DB_URL", fmt::format("postgresql://postgres@127.0.0.1:{}/{}?sslmode=disable&options=-cx",
                                                setup.mirror.port, setup.mirror.database));
       },
       runs_on,
       {"options", "set it on the role"},
       mend_mirror},
      {"ReadOnlyMirror",
       [](GoodSetup& setup) {
         setup.tell(fmt::format("ALTER DATABASE {} SET default_transaction_read_only = on", setup.mirror.database));
       },
       runs_on,
       {"mirror is read-only"},
       [](GoodSetup& setup) {
         setup.tell(fmt::format("BEGIN READ WRITE; ALTER DATABASE {} RESET ALL; COMMIT", setup.mirror.database));
       }},
      {"RoleWithoutPrivileges",
       [](GoodSetup& setup) {
         setup.tell("CREATE ROLE poor_" + setup.mirror.database + " LOGIN");
         mirror_with([](auto& mirror) { mirror.user = "poor_" + mirror.database; })(setup);
       },
       runs_on,
       {"lacks a privilege", "grant"},
       mend_mirror},
      {"TableWithRowsOfSomebodyElse",
       table_in_mirror(
           "CREATE TABLE t (id bigint PRIMARY KEY, a text, n bigint); INSERT INTO t VALUES (7, 'theirs', 7)"),
       runs_on,
       {"table t", "rows in it", "resync t"},
       [](GoodSetup& setup) { setup.tell("DELETE FROM t"); }},
      {"TableThatCannotCarryTheValues",
       table_in_mirror("CREATE TABLE t (id bigint PRIMARY KEY, a point, n bigint)"),
       runs_on,
       {"table t", "column a", "point"},
       [](GoodSetup& setup) { setup.tell("DROP TABLE t"); }},
      {"TableWithAnotherKey",
       table_in_mirror("CREATE TABLE t (id bigint, a text PRIMARY KEY, n bigint)"),
       runs_on,
       {"table t", "key"},
       [](GoodSetup& setup) { setup.tell("DROP TABLE t"); }},
      {"ViewWhereATableBelongs",
       table_in_mirror("CREATE VIEW t AS SELECT 1 AS id"),
       runs_on,
       {"t"},
       [](GoodSetup& setup) { setup.tell("DROP VIEW t"); }},
      {"TypeThatDoesNotExist",
       [](GoodSetup& setup) { setup.set_yaml("types:\n  t.a: colour\n"); },
       runs_on,
       {"table t", "column a", "colour", "timestamptz"},
       [](GoodSetup& setup) { setup.set("MIRROR_CONFIG", ""); }},
      {"SchemaOfANewerProgram",
       table_in_mirror("CREATE SCHEMA pgmirror; CREATE TABLE pgmirror.version (version int, installed_at timestamptz); "
                       "INSERT INTO pgmirror.version VALUES (999)"),
       runs_on,
       {"version 999", "newer pgmirror"},
       [](GoodSetup& setup) { setup.tell("DROP SCHEMA pgmirror CASCADE"); }},
      {"TwoMirrorsInOneDatabase",
       [](GoodSetup& setup) {
         const auto url = fmt::format("postgresql://postgres@127.0.0.1:{}/{}?sslmode=disable", setup.mirror.port,
                                      setup.mirror.database);
         setup.set("MIRROR_DB_URL", "");
         setup.set("MIRROR_DB_PASSWORD", "");
         setup.set_yaml(fmt::format("mirrors:\n  one: {{url: \"{0}\"}}\n  two: {{url: \"{0}\"}}\n", url));
       },
       78,
       {"one", "two", "same"},
       [](GoodSetup& setup) {
         setup.set("MIRROR_CONFIG", "");
         mend_mirror(setup);
       }},
  };
}

}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

const std::vector<MirrorCase>& transaction_cases() {
  static const std::vector<MirrorCase> cases{
      {"X2_Rollback",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"BEGIN; INSERT INTO t SELECT generate_series(1, 20000); ROLLBACK", "INSERT INTO t VALUES (-1)"}},
      {"X3_Savepoints",
       "CREATE TABLE t(id int PRIMARY KEY, v text)",
       {"BEGIN; INSERT INTO t VALUES (1); SAVEPOINT a; INSERT INTO t VALUES (2); ROLLBACK TO a; INSERT INTO t VALUES "
        "(3); "
        "SAVEPOINT b; INSERT INTO t VALUES (4); RELEASE b; COMMIT",
        "DO $$ BEGIN FOR i IN 10..10010 LOOP BEGIN INSERT INTO t VALUES (i); IF i % 3 = 0 THEN RAISE EXCEPTION 'no'; "
        "END "
        "IF; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$"}},
      {"X8_EmptyTransactions",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"BEGIN; SELECT txid_current(); COMMIT", "CREATE TEMP TABLE x(a int); INSERT INTO x VALUES (1)",
        "INSERT INTO t VALUES (1)"}},
      {"X11_ManyRowsWithOneLogPosition",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"INSERT INTO t SELECT generate_series(1, 5)", "INSERT INTO t SELECT generate_series(6, 5000)"}},
      {"X13_Truncate",
       "CREATE TABLE a(id serial PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, a int REFERENCES a); CREATE "
       "TABLE c(id int PRIMARY KEY); INSERT INTO a(v) VALUES ('x'), ('y'); INSERT INTO b VALUES (1, 1); INSERT INTO c "
       "VALUES (1)",
       {"TRUNCATE c", "BEGIN; INSERT INTO c VALUES (5); TRUNCATE c; INSERT INTO c VALUES (6); COMMIT",
        "TRUNCATE a CASCADE", "INSERT INTO a(v) VALUES ('z')", "TRUNCATE a, b, c RESTART IDENTITY",
        "INSERT INTO a(v) VALUES ('after')"}},
      {"X15_LogicalMessagesAreIgnored",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"BEGIN; SELECT pg_logical_emit_message(true, 'p', 'content'); INSERT INTO t VALUES (1); COMMIT",
        "SELECT pg_logical_emit_message(false, 'p', 'content')", "INSERT INTO t VALUES (2)"}},
      {"X15_RowsOfAnotherOrigin",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"SELECT pg_catalog.pg_replication_origin_create('elsewhere');"
        " SELECT pg_catalog.pg_replication_origin_session_setup('elsewhere'); BEGIN;"
        " SELECT pg_catalog.pg_replication_origin_xact_setup('0/1234', now()); INSERT INTO t VALUES (1), (2); COMMIT;"
        " SELECT pg_catalog.pg_replication_origin_session_reset();"
        " SELECT pg_catalog.pg_replication_origin_drop('elsewhere')",
        "INSERT INTO t VALUES (3)"}},
      {"X1_ALargeTransaction",
       "CREATE TABLE t(id int PRIMARY KEY, v text)",
       {"INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 150000) g; UPDATE t SET v = 'x' WHERE id % 10 = "
        "0; "
        "DELETE FROM t WHERE id % 7 = 0"}},
  };
  return cases;
}

}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

const std::vector<MirrorCase>& key_cases() {
  static const std::vector<MirrorCase> cases{
      {"K1_NoKeyAndTheApplicationsUpdateStillWorks",
       "CREATE TABLE t(n int, v text); INSERT INTO t VALUES (1, 'a'), (1, 'a'), (2, NULL)",
       {"INSERT INTO t VALUES (3, 'c'), (3, 'c')"}},
      {"K2_FullIdentityAndDuplicateRows",
       "CREATE TABLE t(n int, v text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a'), (1, 'a'), "
       "(1, "
       "'a'), (2, 'b'), (2, 'b')",
       {"DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE n = 1)",
        "UPDATE t SET v = 'changed' WHERE ctid = (SELECT min(ctid) FROM t WHERE n = 2)",
        "INSERT INTO t VALUES (1, 'a'), (1, 'a'); DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t WHERE n = 1); "
        "UPDATE t SET n = 7 WHERE ctid = (SELECT min(ctid) FROM t WHERE n = 1)"}},
      {"K3_FullIdentityWithTypesThatHaveNoEquality",
       "CREATE TABLE t(j json, p point, x xml); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES ('{\"a\": "
       "1}', "
       "'(1,2)', '<a/>'), ('{\"a\":1}', '(1,2)', '<a/>'), (NULL, NULL, NULL)",
       {"DELETE FROM t WHERE j::text = '{\"a\": 1}'", "UPDATE t SET p = '(3,4)' WHERE j IS NULL"}},
      {"K4_FullIdentityAndAnUpdateThatChangesNothing",
       "CREATE TABLE t(n int, v text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a'), (2, 'b')",
       {"UPDATE t SET v = v; DELETE FROM t WHERE n = 1", "UPDATE t SET n = n", "DELETE FROM t WHERE n = 2"}},
      {"K5_FullIdentityWithNullsNaNAndNegativeZero",
       "CREATE TABLE t(a int, d float8, n numeric); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (NULL, "
       "'NaN', 'NaN'), (NULL, '-0', 1.0), (NULL, '0', 1.00)",
       {"DELETE FROM t WHERE d = 'NaN'", "UPDATE t SET a = 5 WHERE n::text = '1.00'"}},
      {"K3_FullIdentityWithFragmentsOfXml",
       "CREATE TABLE t(x xml); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES ('a<b/>c'), ('text')",
       {"INSERT INTO t VALUES ('<d/>e')", "DELETE FROM t WHERE x::text = 'text'"}},
      {"K2_FullIdentityOfATableWithAKey",
       "CREATE TABLE t(id int PRIMARY KEY, v text, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; ALTER "
       "TABLE "
       "t REPLICA IDENTITY FULL; INSERT INTO t SELECT g, 'v' || g, repeat(md5(g::text), 300) FROM generate_series(1, "
       "9) g",
       {"UPDATE t SET v = 'x' WHERE id < 4", "UPDATE t SET id = id + 100 WHERE id > 6", "DELETE FROM t WHERE id = 5"}},
      {"K6_NoIdentity",
       "CREATE TABLE t(id int PRIMARY KEY, v text); ALTER TABLE t REPLICA IDENTITY NOTHING; INSERT INTO t VALUES (1, "
       "'a')",
       {"INSERT INTO t VALUES (2, 'b')"}},
      {"K7_IdentityByIndex",
       "CREATE TABLE t(id int PRIMARY KEY, a int NOT NULL, b text NOT NULL, v text); CREATE UNIQUE INDEX t_ab ON t(a, "
       "b); "
       "ALTER TABLE t REPLICA IDENTITY USING INDEX t_ab; INSERT INTO t SELECT g, g, g::text, 'v' FROM "
       "generate_series(1, "
       "9) g",
       {"UPDATE t SET v = 'w' WHERE id = 3", "UPDATE t SET b = 'moved', id = 40 WHERE id = 4",
        "DELETE FROM t WHERE a = 5"}},
      {"K8_DeferrableKeyAndTheApplicationsUpdateStillWorks",
       "CREATE TABLE t(id int PRIMARY KEY DEFERRABLE, v text); INSERT INTO t VALUES (1, 'a')",
       {"INSERT INTO t VALUES (2, 'b')"}},
      {"K10_KeyUpdates",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 9) g",
       {"UPDATE t SET id = 1001 WHERE id = 1", "INSERT INTO t VALUES (50, 'new'); UPDATE t SET id = 51 WHERE id = 50",
        "UPDATE t SET id = id + 10 WHERE id < 10", "UPDATE t SET id = 2, v = 'back' WHERE id = 12"}},
      {"K11_KeySwaps",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')",
       {"UPDATE t SET id = -1 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2; UPDATE t SET id = 2 WHERE id = -1",
        "UPDATE t SET id = -1 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 3; UPDATE t SET id = 3 WHERE id = 2; UPDATE "
        "t "
        "SET id = 2 WHERE id = -1"}},
      {"K11_KeySwapsWithLargeColumns",
       "CREATE TABLE t(id int PRIMARY KEY, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO t "
       "SELECT "
       "g, repeat(md5(g::text), 300) FROM generate_series(1, 3) g",
       {"UPDATE t SET id = -1 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2; UPDATE t SET id = 2 WHERE id = -1",
        "DELETE FROM t WHERE id = 3; UPDATE t SET id = 3 WHERE id = 1; INSERT INTO t VALUES (1, 'fresh')"}},
      {"K12_UniqueSwapOnASecondColumn",
       "CREATE TABLE t(id int PRIMARY KEY, u int UNIQUE, v text); INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b')",
       {"UPDATE t SET u = -1 WHERE id = 1; UPDATE t SET u = 10 WHERE id = 2; UPDATE t SET u = 20 WHERE id = 1",
        "DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3, 20, 'c')"}},
      {"K12_UniqueSwapWithDeferredConstraint",
       "CREATE TABLE t(id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (1, 10), "
       "(2, "
       "20)",
       {"UPDATE t SET u = 30 - u"}},
      {"K13_DeleteAndInsertOfTheSameKey",
       "CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)",
       {"DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 1); DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, "
        "2)",
        "INSERT INTO t VALUES (3, 0); DELETE FROM t WHERE id = 3",
        "DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, "
        "5); UPDATE t SET v = v + 1 WHERE id = 2"}},
      {"K14_OneRowChangedManyTimes",
       "CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)",
       {"DO $$ BEGIN FOR i IN 1..100 LOOP UPDATE t SET v = v + 1; END LOOP; END $$"}},
      {"K15_CompositeKeys",
       "CREATE TABLE t(a int, b text, c date, v int, PRIMARY KEY (a, b, c)); INSERT INTO t SELECT g % 3, 'k' || g, "
       "'2026-01-01', g FROM generate_series(1, 9) g",
       {"UPDATE t SET b = 'middle' WHERE v = 5", "UPDATE t SET a = a", "DELETE FROM t WHERE a = 1",
        "UPDATE t SET v = -v WHERE a = 2"}},
      {"X14_CascadedDeletes",
       "CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE); "
       "INSERT INTO p SELECT generate_series(1, 5); INSERT INTO c SELECT g, 1 + g % 5 FROM generate_series(1, 20) g",
       {"DELETE FROM p WHERE id = 2",
        "DELETE FROM p WHERE id = 3; INSERT INTO p VALUES (3); INSERT INTO c VALUES (99, 3)"}},
      {"D18_TableWithTwoParents",
       "CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, w text); CREATE TABLE t(PRIMARY "
       "KEY (id)) INHERITS (a, b); INSERT INTO t VALUES (1, 'v', 'w'), (2, 'v', 'w')",
       {"UPDATE a SET v = 'changed' WHERE id = 1", "UPDATE b SET id = 3 WHERE id = 2", "INSERT INTO t VALUES (4)"}},
      {"D15_IdentityColumns",
       "CREATE TABLE t(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n bigint GENERATED BY DEFAULT AS IDENTITY, v "
       "text); INSERT INTO t(v) VALUES ('a'), ('b')",
       {"INSERT INTO t(v) VALUES ('c')", "UPDATE t SET v = 'x' WHERE id = 1",
        "INSERT INTO t(id, v) OVERRIDING SYSTEM VALUE VALUES (100, 'd')"}},
      {"D14_GeneratedColumns",
       "CREATE TABLE t(id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (1, "
       "5)",
       {"INSERT INTO t VALUES (2, 7)", "UPDATE t SET a = 8 WHERE id = 1"}},
  };
  return cases;
}

}  // namespace pgmirror::tests

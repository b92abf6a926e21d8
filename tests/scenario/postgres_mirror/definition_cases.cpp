#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

/// Definitions that change while the mirror follows.
const std::vector<MirrorCase>& definition_cases() {
  static const std::vector<MirrorCase> cases{
      {"D1_ColumnAdded",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
       {"ALTER TABLE t ADD n int", "INSERT INTO t VALUES (2, 'b', 3)"}},
      {"D1_ColumnAddedAndTheTableTruncated",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
       {"ALTER TABLE t ADD n int", "TRUNCATE t", "INSERT INTO t VALUES (2, 'b', 3)",
        "ALTER TABLE t ADD m int; TRUNCATE t; INSERT INTO t VALUES (5, 'c', 4, 7)",
        "TRUNCATE t; ALTER TABLE t DROP m; INSERT INTO t VALUES (6, 'd', 1)"}},
      {"D2_ColumnAddedWithAConstantAndNothingAfter",
       "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9)",
       {"ALTER TABLE t ADD n int NOT NULL DEFAULT 5"}},
      {"D3_ColumnAddedWithAVolatileDefault",
       "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9)",
       {"ALTER TABLE t ADD u uuid DEFAULT gen_random_uuid()"}},
      {"D4_TypeChangedWithUsing",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 9) g",
       {"ALTER TABLE t ALTER v TYPE text USING upper(v)", "ALTER TABLE t ALTER v TYPE int USING substr(v, 2)::int",
        "UPDATE t SET v = v + 1 WHERE id = 3"}},
      {"D5_ColumnDropped",
       "CREATE TABLE t(id int PRIMARY KEY, v text, w text); INSERT INTO t VALUES (1, 'a', 'b')",
       {"ALTER TABLE t DROP v", "INSERT INTO t VALUES (2, 'c')"}},
      {"D6_ColumnRenamedAndNamesSwapped",
       "CREATE TABLE t(id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a', 'b')",
       {"ALTER TABLE t RENAME a TO tmp; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME tmp TO b",
        "INSERT INTO t VALUES (2, 'first', 'second')", "ALTER TABLE t RENAME a TO \"A b\"",
        "INSERT INTO t VALUES (3)"}},
      {"D7_TableRenamed",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
       {"ALTER TABLE t RENAME TO t2", "INSERT INTO t2 VALUES (2, 'b')", "UPDATE t2 SET v = 'x' WHERE id = 1"}},
      {"D8_TableDroppedAndMadeAnew",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
       {"DROP TABLE t", "CREATE TABLE t(id bigint PRIMARY KEY, n numeric)", "INSERT INTO t VALUES (7, 1.50)"}},
      {"D9_NewTable",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"CREATE TABLE fresh(id int PRIMARY KEY, t int REFERENCES t, v text)",
        "INSERT INTO t VALUES (1); INSERT INTO fresh VALUES (1, 1, 'a')", "INSERT INTO fresh VALUES (2, 1, 'b')",
        "UPDATE fresh SET v = 'c' WHERE id = 1"}},
      {"D9_NewTableFilledInItsOwnTransaction",
       "CREATE TABLE t(id int PRIMARY KEY)",
       {"CREATE TABLE filled AS SELECT g AS id, g::text AS v FROM generate_series(1, 1000) g; ALTER TABLE filled ADD "
        "PRIMARY KEY (id)",
        "UPDATE filled SET v = 'x' WHERE id < 10"}},
      {"D11_DefinitionAndRowsInOneTransaction",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
       {"BEGIN; INSERT INTO t VALUES (2, 'b'); ALTER TABLE t ADD n int; INSERT INTO t VALUES (3, 'c', 3); ALTER TABLE "
        "t "
        "RENAME n TO m; UPDATE t SET m = 1; COMMIT",
        "BEGIN; ALTER TABLE t ADD gone int; INSERT INTO t VALUES (9, 'x', 1, 1); ROLLBACK",
        "BEGIN; SAVEPOINT a; ALTER TABLE t ADD gone int; INSERT INTO t VALUES (8, 'x', 1, 1); ROLLBACK TO a; INSERT "
        "INTO "
        "t VALUES (8, 'y', 2); COMMIT"}},
      {"D21_PartitionsAttachedDetachedAndTruncated",
       "CREATE TABLE t(id int, d int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d); CREATE TABLE t0 PARTITION OF t FOR "
       "VALUES FROM (0) TO (10); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t SELECT g, "
       "g % "
       "20 FROM generate_series(1, 40) g",
       {"UPDATE t SET d = 15 WHERE id = 3", "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (20) TO (30)",
        "INSERT INTO t VALUES (100, 25)", "TRUNCATE t0"}},
      {"D22_UnloggedTableBecomesLogged",
       "CREATE UNLOGGED TABLE u(id int PRIMARY KEY); CREATE TABLE t(id int PRIMARY KEY)",
       {"INSERT INTO u SELECT generate_series(1, 100)", "ALTER TABLE u SET LOGGED", "INSERT INTO u VALUES (1000)"}},
      {"D23_RewritesThatChangeNothing",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g",
       {"UPDATE t SET v = 'x' WHERE id < 50", "VACUUM FULL t", "UPDATE t SET v = 'y' WHERE id < 20",
        "CLUSTER t USING t_pkey", "REINDEX TABLE t", "DELETE FROM t WHERE id = 3"}},
      {"T11_EnumDroppedAndMadeAnewUnderItsName",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, "
       "'sad')",
       {"INSERT INTO t VALUES (2, 'ok')",
        "BEGIN; ALTER TABLE t ALTER m TYPE text; DROP TYPE mood; CREATE TYPE mood AS ENUM ('ok', 'glad'); UPDATE t SET "
        "m = 'glad' WHERE m = 'sad'; ALTER TABLE t ALTER m TYPE mood USING m::mood; COMMIT",
        "INSERT INTO t VALUES (3, 'glad'), (4, 'ok')"}},
      {"D2_NotNullOfAColumnAddedToAFilledTable",
       "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9); CREATE TABLE e(id int PRIMARY "
       "KEY)",
       {"ALTER TABLE t ADD n int NOT NULL DEFAULT 5; ALTER TABLE t ALTER n DROP DEFAULT; ALTER TABLE e ADD m text NOT "
        "NULL;"
        "ALTER TABLE t ADD g int GENERATED ALWAYS AS (id * 2) STORED NOT NULL"}},
      {"D2_ColumnWithAConstantAddedToAPartitionedTable",
       "CREATE TABLE t(id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) "
       "TO "
       "(9); INSERT INTO t SELECT generate_series(1, 8)",
       {"ALTER TABLE t ADD n int DEFAULT 7; ALTER TABLE t ALTER n DROP DEFAULT"}},
      {"D8_TableMadeAnewWithSerialsUnderDroppedNames",
       "CREATE TABLE t(id serial PRIMARY KEY, v text); INSERT INTO t(v) SELECT g FROM generate_series(1, 9) g",
       {"DROP TABLE t; CREATE TABLE t(key serial PRIMARY KEY, n numeric); INSERT INTO t(n) VALUES (1.5)",
        "ALTER TABLE t ADD other bigserial; INSERT INTO t(n) VALUES (2.5)"}},
      {"D11_KeyRenamedAndItsNameTakenByAnotherColumn",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 9) g;"
       "CREATE TABLE other(id int PRIMARY KEY); INSERT INTO other VALUES (1)",
       {"ALTER TABLE t RENAME id TO former; ALTER TABLE t ADD id text; UPDATE t SET id = 'new ' || former",
        "INSERT INTO other VALUES (2)"}},
      {"D11_KeyRenamedAndItsKeyDropped",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 9) g",
       {"ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t RENAME id TO former; ALTER TABLE t ADD id uuid; INSERT "
        "INTO t "
        "VALUES (20, 'w')"}},
      {"D11_TypeRenamedWithItsColumn",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SEQUENCE numbers; CREATE TABLE t(id int PRIMARY KEY DEFAULT "
       "nextval('numbers'), m mood DEFAULT 'ok'); INSERT INTO t(m) VALUES ('sad')",
       {"ALTER TYPE mood RENAME TO feeling; ALTER SEQUENCE numbers RENAME TO digits; INSERT INTO t(m) VALUES ('ok')",
        "ALTER TABLE t ADD n int DEFAULT 3; INSERT INTO t(m) VALUES (DEFAULT)"}},
      {"T10_DefaultOfANewTableUsesANewLabel",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, "
       "'ok')",
       {"ALTER TYPE mood ADD VALUE 'glad'",
        "CREATE TABLE fresh(id int PRIMARY KEY, m mood DEFAULT 'glad'); INSERT INTO "
        "fresh VALUES (1); ALTER TABLE t ALTER m SET DEFAULT 'glad'",
        "INSERT INTO t VALUES (2); INSERT INTO fresh VALUES (2)"}},
      {"K16_KeyDroppedAndAddedAgain",
       "CREATE TABLE t(id int PRIMARY KEY, v int NOT NULL); INSERT INTO t SELECT g, g * 2 FROM generate_series(1, 9) g",
       {"ALTER TABLE t DROP CONSTRAINT t_pkey", "INSERT INTO t VALUES (20, 40)", "ALTER TABLE t ADD PRIMARY KEY (v)",
        "UPDATE t SET id = 0 WHERE v = 4"}},
      {"K6_IdentityNothingWhileStreaming",
       "CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t SELECT g, g FROM generate_series(1, 9) g",
       {"ALTER TABLE t REPLICA IDENTITY NOTHING", "INSERT INTO t VALUES (10, 10)", "TRUNCATE t",
        "INSERT INTO t SELECT g, g FROM generate_series(20, 29) g", "ALTER TABLE t REPLICA IDENTITY DEFAULT",
        "UPDATE t SET v = 0 WHERE id = 21; DELETE FROM t WHERE id = 22"}},
      {"K6_IdentityByAnIndexThatIsDroppedThen",
       "CREATE TABLE t(id int PRIMARY KEY, u int NOT NULL UNIQUE); INSERT INTO t SELECT g, g FROM generate_series(1, "
       "9) "
       "g",
       {"ALTER TABLE t REPLICA IDENTITY USING INDEX t_u_key", "UPDATE t SET id = 20 WHERE u = 2",
        "ALTER TABLE t REPLICA IDENTITY FULL; ALTER TABLE t DROP CONSTRAINT t_pkey; UPDATE t SET id = 21 WHERE u = 3",
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_u_key; ALTER TABLE t DROP CONSTRAINT t_u_key"}},
      {"K16_AnotherConstraintAndAnotherIndexUnderTheirNames",
       "CREATE TABLE t(id int PRIMARY KEY, a int, b int, CONSTRAINT c UNIQUE (a), CONSTRAINT k CHECK (a > 0)); CREATE "
       "INDEX i ON t(a); CREATE TABLE other(id int PRIMARY KEY, a int); INSERT INTO t SELECT g, g, 1 FROM "
       "generate_series(1, 9) g",
       {"ALTER TABLE t DROP CONSTRAINT c, DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT c UNIQUE (id, b), ADD "
        "CONSTRAINT k CHECK (b > 0); INSERT INTO t VALUES (10, 1, 2); DROP INDEX i; CREATE INDEX i ON other(a)"}},
      {"D5_ColumnDroppedBeforeTheCopyThatBroughtIt",
       "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 9) g",
       {"ALTER TABLE t ADD n serial, ALTER v TYPE int USING 7",
        "ALTER TABLE t DROP n; ALTER TABLE t ADD m uuid DEFAULT "
        "gen_random_uuid()"}},
      {"D7_TablesExchangeNamesAndCannotBeFollowed",
       "CREATE TABLE a(id int PRIMARY KEY, v text, n int); CREATE INDEX i ON a(v); CREATE UNIQUE INDEX u ON a(n);"
       "CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1, 'a', 1); INSERT INTO b VALUES (2, 2)",
       {"ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b; ALTER TABLE a ALTER v TYPE "
        "text; ALTER TABLE b ALTER n TYPE bigint; INSERT INTO a VALUES (3, 'c')",
        "UPDATE b SET n = 7; ALTER INDEX i RENAME TO aside; ALTER INDEX u RENAME TO i; ALTER INDEX aside RENAME TO u"}},
      {"D7_NameTakenOverFromATableOfWhichNoRowCame",
       "CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE n(id int PRIMARY KEY, k int); INSERT INTO t VALUES "
       "(1, "
       "'a'); INSERT INTO n VALUES (1, 2)",
       {"ALTER TABLE n RENAME TO m; ALTER TABLE t RENAME TO n; INSERT INTO n VALUES (2, 'b')",
        "INSERT INTO m VALUES (3, 4)"}},
      {"D8_TableMadeAnewWithASerialForItsIdentity",
       "CREATE TABLE t(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text); INSERT INTO t(v) SELECT 'v' FROM "
       "generate_series(1, 9); CREATE TABLE s(id serial PRIMARY KEY, v text)",
       {"DROP TABLE t; CREATE TABLE t(id serial PRIMARY KEY, n numeric DEFAULT 4 NOT NULL); INSERT INTO t(n) VALUES "
        "(1.5); ALTER TABLE s ALTER id DROP DEFAULT; ALTER TABLE s ALTER id ADD GENERATED BY DEFAULT AS IDENTITY "
        "(INCREMENT BY 5)",
        "INSERT INTO t(n) VALUES (2.5); INSERT INTO s(v) VALUES ('w')"}},
      {"T10_LabelRenamedBeforeItCouldBeTold",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, "
       "'ok')",
       {"ALTER TYPE mood ADD VALUE 'glad'", "ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'",
        "ALTER TABLE t ADD u uuid DEFAULT gen_random_uuid(); INSERT INTO t VALUES (2, 'merry')"}},
      {"K6_IdentityDroppedWhileStreaming",
       "CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t SELECT g, g FROM generate_series(1, 9) g",
       {"ALTER TABLE t REPLICA IDENTITY FULL", "UPDATE t SET v = 0 WHERE id = 2",
        "ALTER TABLE t REPLICA IDENTITY DEFAULT", "DELETE FROM t WHERE id = 3"}},
  };
  return cases;
}

}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

/// Definitions that end otherwise when the mirror has seen every step of them than when it has seen the last only.
const std::vector<MirrorCase>& step_cases() {
  static const std::vector<MirrorCase> cases{
      {"T10_LabelsComeGoAndChangeNamesWithinASecond",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, "
       "'ok')",
       {"ALTER TYPE mood ADD VALUE 'glad' BEFORE 'ok'", "INSERT INTO t VALUES (2, 'glad')",
        "ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'",
        "INSERT INTO t VALUES (3, 'merry'); ALTER TYPE mood RENAME VALUE 'merry' TO 'jolly'",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'x'; ALTER TYPE mood RENAME VALUE 'ok' TO 'sad'; ALTER TYPE mood RENAME "
        "VALUE 'x' TO 'ok'; INSERT INTO t VALUES (4, 'sad'), (5, 'ok'), (6, 'jolly')"}},
      {"T10_LabelRenamedWithItsTypeBeforeItsFirstUse",
       "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, "
       "'ok')",
       {"ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; ALTER TYPE mood RENAME TO feeling; INSERT INTO t VALUES (2, "
        "'blue')",
        "ALTER TYPE feeling ADD VALUE 'glad'", "INSERT INTO t VALUES (3, 'glad')"}},
      {"D11_DomainAlteredWhileNoColumnUsesIt",
       "CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TABLE t(id int PRIMARY KEY, a small); INSERT INTO t "
       "VALUES (1, 1)",
       {"ALTER TABLE t DROP a; ALTER DOMAIN small DROP CONSTRAINT small_check; ALTER DOMAIN small ADD CONSTRAINT other "
        "CHECK (VALUE <> 5)",
        "ALTER TABLE t ADD a small; INSERT INTO t VALUES (2, 100)",
        "ALTER DOMAIN small DROP CONSTRAINT other; INSERT INTO t VALUES (3, 5)"}},
      {"D5_TableLosesItsLastColumn",
       "CREATE TABLE t(a int, b text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t SELECT g FROM "
       "generate_series(1, 9) g; CREATE TABLE other(id int PRIMARY KEY)",
       {"ALTER TABLE t DROP a, DROP b; INSERT INTO t DEFAULT VALUES", "INSERT INTO t SELECT FROM generate_series(1, 3)",
        "DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 2)",
        "ALTER TABLE other RENAME TO x; ALTER TABLE t RENAME TO other; ALTER TABLE x RENAME TO t; INSERT INTO other "
        "DEFAULT VALUES; INSERT INTO t VALUES (1)"}},
      {"D7_TablesWithCommentsExchangeNames",
       "CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); COMMENT ON TABLE a IS "
       "'of a'; COMMENT ON COLUMN b.v IS 'v of b'; COMMENT ON CONSTRAINT a_pkey ON a IS E'key\\of a'",
       {"ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b; ALTER TABLE a RENAME v TO w",
        "COMMENT ON TABLE b IS NULL; INSERT INTO b VALUES (1, 'a')",
        "ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b; COMMENT ON TABLE a IS "
        "'again'; "
        "ALTER TABLE b ALTER id TYPE text; INSERT INTO b VALUES ('y')"}},
      {"D7_PartitionedTablesExchangeNames",
       "CREATE TABLE p(id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT; "
       "CREATE TABLE q(id int PRIMARY KEY, v text, w text) PARTITION BY RANGE (id); CREATE TABLE q1 PARTITION OF q "
       "DEFAULT",
       {"INSERT INTO p VALUES (1, 'p'); INSERT INTO q VALUES (1, 'q', 'q')",
        "ALTER TABLE p RENAME TO x; ALTER TABLE q RENAME TO p; ALTER TABLE x RENAME TO q",
        "UPDATE p SET w = 'new'; UPDATE q SET v = 'new'", "INSERT INTO p VALUES (2); INSERT INTO q VALUES (3)"}},
      {"D8_SequenceUnderTheNameThatAKeptTablesIdentityHas",
       "CREATE TABLE t(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); INSERT INTO t DEFAULT VALUES; CREATE TABLE "
       "r(id int PRIMARY KEY)",
       {"DROP TABLE t",
        "CREATE SEQUENCE t_id_seq; ALTER TABLE r ALTER id SET DEFAULT nextval('t_id_seq'); ALTER SEQUENCE t_id_seq "
        "OWNED "
        "BY r.id; INSERT INTO r VALUES (DEFAULT)"}},
      {"K6_IdentityIndexDroppedAndTheIdentityForgotten",
       "CREATE TABLE t(id int PRIMARY KEY, u int NOT NULL UNIQUE); INSERT INTO t SELECT g, g FROM generate_series(1, "
       "9) "
       "g",
       {"ALTER TABLE t REPLICA IDENTITY USING INDEX t_u_key; UPDATE t SET id = 20 WHERE u = 2",
        "ALTER TABLE t DROP CONSTRAINT t_u_key; INSERT INTO t VALUES (21, 1)",
        "ALTER TABLE t REPLICA IDENTITY DEFAULT; UPDATE t SET u = 3 WHERE id = 21",
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey",
        "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (id); ALTER TABLE t REPLICA IDENTITY "
        "USING "
        "INDEX t_pkey; UPDATE t SET u = 30 WHERE id = 21"}},
      {"D4_CollationsGivenChangedAndTakenAway",
       "CREATE TABLE t(id int PRIMARY KEY, a text, b text COLLATE \"C\", c text UNIQUE); INSERT INTO t VALUES (1, 'a', "
       "'b', 'c')",
       {"ALTER TABLE t ALTER a TYPE text COLLATE \"C\", ALTER b TYPE text COLLATE \"POSIX\"; INSERT INTO t VALUES (2)",
        "ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text, ALTER c TYPE text COLLATE \"C\", ADD d text COLLATE "
        "\"C\"; CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (3)",
        "ALTER TABLE t DROP d; INSERT INTO t VALUES (4)"}},
      {"D13_ComputedColumnGivesItsNameAway",
       "CREATE TABLE t(f text GENERATED ALWAYS AS ('g' || 89) STORED); INSERT INTO t DEFAULT VALUES",
       {"ALTER TABLE t RENAME f TO old; ALTER TABLE t ADD f boolean", "INSERT INTO t VALUES (DEFAULT, true)"}},
  };
  return cases;
}

}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

const std::vector<MirrorCase>& name_cases() {
  static const std::vector<MirrorCase> cases{
      {"I1_MixedCaseAndSpaces",
       "CREATE TABLE \"My Table\"(\"Col A\" int PRIMARY KEY, \"colB\" text); INSERT INTO \"My Table\" VALUES (1, 'x')",
       {"INSERT INTO \"My Table\" VALUES (2, 'y')", "UPDATE \"My Table\" SET \"colB\" = 'z' WHERE \"Col A\" = 1"}},
      {"I2_QuotesInside",
       "CREATE TABLE \"a\"\"b\"(\"c'; drop table x;--\" int PRIMARY KEY, \"d\"\"\"\"e\" int); INSERT INTO \"a\"\"b\" "
       "VALUES (1, 1)",
       {"UPDATE \"a\"\"b\" SET \"d\"\"\"\"e\" = 5", "INSERT INTO \"a\"\"b\" VALUES (2, 2)"}},
      {"I3_NewlinesEmojiAndRightToLeft",
       "CREATE TABLE \"with\n\nAS (SELECT\"(\"😀\" int PRIMARY KEY, \"ש\tt\" text); INSERT INTO \"with\n\nAS (SELECT\" "
       "VALUES (1, 'x')",
       {"INSERT INTO \"with\n\nAS (SELECT\" VALUES (2, 'y')", "DELETE FROM \"with\n\nAS (SELECT\" WHERE \"😀\" = 1"}},
      {"I4_NamesOf63Bytes",
       "CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1(id int PRIMARY KEY, "
       "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc1 int, "
       "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc2 int UNIQUE); CREATE TABLE "
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2(id int PRIMARY KEY, "
       "\"éééééééééééééééééééééééééééééééx\" "
       "int)",
       {"INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1 VALUES (1, 2, 3)",
        "INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2 VALUES (4, 5)"}},
      {"I5_ReservedWords",
       "CREATE TABLE \"order\"(\"user\" int PRIMARY KEY, \"select\" text, \"table\" text); INSERT INTO \"order\" "
       "VALUES "
       "(1, 'a', 'b')",
       {"UPDATE \"order\" SET \"select\" = \"table\"", "INSERT INTO \"order\" VALUES (2, 'c', 'd')"}},
      {"I9_ValuesThatLookLikeStatements",
       "CREATE TABLE t(id text PRIMARY KEY, v text); CREATE TABLE t2(id int PRIMARY KEY); INSERT INTO t2 VALUES (1)",
       {"INSERT INTO t VALUES ('''); DELETE FROM t2; --', '$$;DROP TABLE t2;$$')", "UPDATE t SET v = ''' OR 1=1 --'",
        "DELETE FROM t WHERE id LIKE '%t2%'; INSERT INTO t VALUES ('\";', '\\'');')"}},
  };
  return cases;
}

}  // namespace pgmirror::tests

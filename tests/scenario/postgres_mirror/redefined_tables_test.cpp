#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/mirror_case.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {
namespace {

/// A database and a program for each case: a definition that cannot be followed must not spoil the others.
class RedefinedTables : public testing::TestWithParam<MirrorCase> {};

TEST_P(RedefinedTables, BecomeTheSame) {
  DatabaseAndMirror pair(source_server(), shared_postgres());
  choose_method(pair.program());
  pair.run(GetParam().before);
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  for (const std::string& sql : GetParam().during) pair.run(sql);
  EXPECT_TRUE(pair.becomes_same({}, {GetParam().left_out.begin(), GetParam().left_out.end()}));
}

INSTANTIATE_TEST_SUITE_P(Definitions, RedefinedTables, testing::ValuesIn(definition_cases()), name_of);

}  // namespace
}  // namespace pgmirror::tests

#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/mirror_case.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {
namespace {

std::string quoted(const std::string& schema) { return "\"" + schema + "\""; }

/// A schema of its own for each case, one program for all of them: set up once, then each case looks at its schema.
class FollowedCases : public testing::TestWithParam<MirrorCase> {
 public:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<DatabaseAndMirror>(source_server(), shared_postgres());
    choose_method(pair_->program());
    for (const auto* cases : {&value_cases(), &name_cases(), &key_cases(), &transaction_cases()}) {
      for (const MirrorCase& each : *cases) {
        in_schema(each, "CREATE SCHEMA " + quoted(each.name) + "; ");
        in_schema(each, each.before);
      }
    }
    // Hostile settings that every new session of either database gets.
    for (const config::ConnectionSettings& side : {pair_->source(), pair_->mirror()}) {
      pqxx::connection connection(connection_string(side));
      pqxx::nontransaction session(connection);
      for (const char* setting :
           {"DateStyle = 'German'", "IntervalStyle = 'sql_standard'", "extra_float_digits = -5",
            "bytea_output = 'escape'", "TimeZone = 'Asia/Kolkata'", "array_nulls = off", "xmloption = 'document'"}) {
        session.exec("ALTER DATABASE " + side.database + " SET " + setting);
      }
    }
    pair_->program().start();
    copied_ = pair_->becomes_same();
    if (!copied_) return;
    for (const auto* cases : {&value_cases(), &name_cases(), &key_cases(), &transaction_cases()}) {
      for (const MirrorCase& each : *cases) {
        for (const std::string& sql : each.during) in_schema(each, sql);
      }
    }
  }
  static void TearDownTestSuite() { pair_.reset(); }

 protected:
  static std::unique_ptr<DatabaseAndMirror> pair_;
  static testing::AssertionResult copied_;

 private:
  static void in_schema(const MirrorCase& each, const std::string& sql) {
    try {
      pair_->run("SET array_nulls = on; SET xmloption = content; SET search_path = " + quoted(each.name) + ", public",
                 sql);
    } catch (const std::exception& failure) {
      throw std::runtime_error(each.name + ": " + failure.what());
    }
  }
};

std::unique_ptr<DatabaseAndMirror> FollowedCases::pair_;
testing::AssertionResult FollowedCases::copied_ = testing::AssertionFailure();

TEST_P(FollowedCases, BecomeTheSame) {
  ASSERT_TRUE(copied_);
  EXPECT_TRUE(pair_->becomes_same(GetParam().name, {GetParam().left_out.begin(), GetParam().left_out.end()}));
}

INSTANTIATE_TEST_SUITE_P(Values, FollowedCases, testing::ValuesIn(value_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Names, FollowedCases, testing::ValuesIn(name_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Keys, FollowedCases, testing::ValuesIn(key_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Transactions, FollowedCases, testing::ValuesIn(transaction_cases()), name_of);

}  // namespace
}  // namespace pgmirror::tests

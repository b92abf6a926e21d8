#include "sinks/postgres/failure.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

FailureKind kind(const std::string& sqlstate, bool lost = false) {
  return classify(libpq::DatabaseError("message", sqlstate, lost)).kind;
}

TEST(Failure, OfTheWayOrTheServerPasses) {
  for (const char* state : {"08006", "08P99", "53100", "53300", "55P03", "57014", "57P01", "57P03", "40001", "40P01",
                            "25006", "28P01", "28000", "3D000", "58030", "XX000"}) {
    EXPECT_EQ(kind(state), FailureKind::transient) << state;
  }
  EXPECT_EQ(kind("", true), FailureKind::transient);
}

TEST(Failure, OfARowIsPoison) {
  for (const char* state :
       {"22003", "22P02", "23502", "23503", "23505", "23514", "42P01", "42703", "54000", "P0001", "99999", ""}) {
    EXPECT_EQ(kind(state), FailureKind::poison) << state;
  }
}

TEST(Failure, OfOwnershipAndPrivilegesNeedsSomebody) {
  EXPECT_EQ(kind("PM001"), FailureKind::identity);
  EXPECT_EQ(kind("PM002"), FailureKind::identity);
  EXPECT_EQ(kind("42501"), FailureKind::fatal);
}

TEST(Failure, IsRetriedSlowlyWhereHasteHarms) {
  EXPECT_TRUE(classify(libpq::DatabaseError("m", "28P01", true)).slow);
  EXPECT_TRUE(classify(libpq::DatabaseError("m", "25006", false)).slow);
  EXPECT_FALSE(classify(libpq::DatabaseError("m", "40P01", false)).slow);
}

TEST(Failure, HasASentenceWithTheServersOwn) {
  const std::string sentence =
      classify(libpq::DatabaseError("remaining connection slots are reserved", "53300", true)).sentence;
  EXPECT_NE(sentence.find("MIRROR_DB_POOL"), std::string::npos);
  EXPECT_NE(sentence.find("remaining connection slots are reserved"), std::string::npos);
}

TEST(Failure, OfAConflictIsOverSoonUnlessTheOutcomeIsUnknown) {
  EXPECT_TRUE(classify(libpq::DatabaseError("m", "40001", false)).conflict);
  EXPECT_TRUE(classify(libpq::DatabaseError("m", "40P01", false)).conflict);
  EXPECT_FALSE(classify(libpq::DatabaseError("m", "40003", false)).conflict);
  EXPECT_FALSE(classify(libpq::DatabaseError("m", "57P01", false)).conflict);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres

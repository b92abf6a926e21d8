#include "config/nearest_name.hpp"

#include <gtest/gtest.h>

namespace pgmirror::config {
namespace {

const std::vector<std::string> known{"pool", "port", "password", "schema"};

TEST(NearestName, FindsAMissingLetter) { EXPECT_EQ(nearest_name("pol", known), "pool"); }
TEST(NearestName, FindsAnExtraLetter) { EXPECT_EQ(nearest_name("poort", known), "port"); }
TEST(NearestName, CountsASwapOfNeighboursAsOneMistake) { EXPECT_EQ(nearest_name("prot", known), "port"); }
TEST(NearestName, PrefersTheNearest) { EXPECT_EQ(nearest_name("passwort", known), "password"); }
TEST(NearestName, IsSilentWhenNothingIsNear) { EXPECT_EQ(nearest_name("banana", known), ""); }
TEST(NearestName, IsSilentAboutVeryLongNames) { EXPECT_EQ(nearest_name(std::string(100'000, 'p'), known), ""); }

}  // namespace
}  // namespace pgmirror::config

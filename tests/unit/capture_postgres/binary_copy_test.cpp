#include "capture/postgres/binary_copy.hpp"

#include <gtest/gtest.h>

#include <string>

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::string_literals;

const std::string header = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"s;
const std::string trailer = "\377\377";
const std::string row = "\0\1\0\0\0\1a"s;

TEST(BinaryCopy, FindsTheRowBehindTheHeaderAndTheOthersAlone) {
  BinaryCopy copy;
  EXPECT_EQ(copy.row_in(header + row), row);
  EXPECT_EQ(copy.row_in(row), row);
  EXPECT_EQ(copy.row_in(trailer), std::nullopt);
}

TEST(BinaryCopy, HasNoRowWhereTheTableHasNone) {
  EXPECT_EQ(BinaryCopy().row_in(header + trailer), std::nullopt);
  BinaryCopy copy;
  EXPECT_EQ(copy.row_in(header), std::nullopt);
  EXPECT_EQ(copy.row_in(trailer), std::nullopt);
}

TEST(BinaryCopy, TakesRowsWithoutColumnsAndRowsThatBeginLikeAHeader) {
  BinaryCopy copy;
  EXPECT_EQ(copy.row_in(header + "\0\0"s), "\0\0"s);
  EXPECT_EQ(copy.row_in(header), header);
}

TEST(BinaryCopy, SkipsWhatALaterVersionAddsToTheHeader) {
  EXPECT_EQ(BinaryCopy().row_in("PGCOPY\n\377\r\n\0\0\0\0\1\0\0\0\3new"s + row), row);
}

TEST(BinaryCopy, RefusesWhatIsNone) {
  for (const std::string& message : {""s, header.substr(0, header.size() - 1), "PGCOPX" + header.substr(6),
                                     "PGCOPY\n\377\r\n\0\0\1\0\0\0\0\0\0"s, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\4new"s}) {
    EXPECT_THROW(BinaryCopy().row_in(message), MalformedMessage);
  }
}

}  // namespace
}  // namespace pgmirror::capture::postgres

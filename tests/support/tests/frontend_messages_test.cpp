#include "tests/support/frontend_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgmirror::tests {
namespace {

using namespace std::string_literals;

const std::string ssl_request = "\0\0\0\x08\x04\xd2\x16\x2f"s;
const std::string startup = "\0\0\0\x0c\0\3\0\0user"s;
const std::string query = "Q\0\0\0\x0dSELECT 1\0"s;
const std::string sync_message = "S\0\0\0\x04"s;

TEST(FrontendMessages, FindsTheSameEndsHoweverTheStreamIsCut) {
  const auto stream = ssl_request + startup + query + sync_message + query;
  const std::vector<std::size_t> expected{34, 39, 53};
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrontendMessages messages;
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < stream.size(); at += piece)
      messages.read(std::span(stream).subspan(at, std::min(piece, stream.size() - at)),
                    [&](std::size_t end) { ends.push_back(at + end); });
    EXPECT_EQ(ends, expected) << "in pieces of " << piece;
  }
}

}  // namespace
}  // namespace pgmirror::tests

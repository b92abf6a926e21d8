#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/eventually.hpp"
#include "tests/support/mirror_program.hpp"
#include "tests/support/same_content.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

using namespace std::chrono_literals;

/// An application's store, an empty database for its mirror and the program between them, not yet started.
class MirroredStore : public testing::Test {
 protected:
  explicit MirroredStore(config::ConnectionSettings mirror = shared_postgres().create_database())
      : mirror_(std::move(mirror)) {}

  /// Waits until both sides hold the same; says what differs and what the program logged if they never do.
  testing::AssertionResult becomes_same(const ContentRules& rules = {}, std::chrono::milliseconds patience = 60s) {
    auto result = eventually(patience, [&] {
      if (!program_.running()) return testing::AssertionFailure() << "pgmirror " << program_.fate();
      return same_content(application_.file(), mirror_, "public", rules);
    });
    if (!result) result << "\npgmirror's log:\n" << program_.log();
    return result;
  }
  /// Waits until the program's log holds `text`.
  testing::AssertionResult logs(const std::string& text, std::chrono::milliseconds patience = 30s) {
    const bool logged =
        eventually(patience, [&] { return program_.log().find(text) != std::string::npos || !program_.running(); });
    if (logged && program_.log().find(text) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "never logged: " << text << "; pgmirror " << program_.fate() << "\n"
                                       << program_.log();
  }

  TemporaryDirectory directory_;
  SqliteDatabase application_{directory_ / "app.db"};
  config::ConnectionSettings mirror_;
  MirrorProgram program_{application_.file(), mirror_, directory_ / "state"};
};

}  // namespace pgmirror::tests

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <pqxx/pqxx>
#include <set>
#include <string>

#include "tests/scenario/postgres_mirror/same_database.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/mirror_program.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

using namespace std::chrono_literals;

/// A database of an application, an empty one for its mirror and the program between them, not yet started.
class DatabaseAndMirror {
 public:
  DatabaseAndMirror() : DatabaseAndMirror(shared_postgres(), shared_postgres()) {}
  DatabaseAndMirror(ThrowawayPostgres& source, ThrowawayPostgres& mirror)
      : source_(source.create_database()), mirror_(mirror.create_database()) {}

  /// As the application does it: the whole text as one transaction, unless it brings its own.
  void run(const std::string& sql) { run("", sql); }
  /// The same after `settings`, in the same session.
  void run(const std::string& settings, const std::string& sql) {
    pqxx::connection connection(connection_string(source_));
    pqxx::nontransaction session(connection);
    session.exec(settings);
    session.exec(sql);
  }
  /// Waits until both sides hold the same; says what differs and what the program logged if they never do.
  testing::AssertionResult becomes_same(const std::string& schema = {}, const std::set<std::string>& left_out = {},
                                        std::chrono::milliseconds patience = 60s) {
    auto result = eventually(patience, [&] {
      if (!program_.running()) return testing::AssertionFailure() << "pgmirror " << program_.fate();
      try {
        return mirrored_database(source_, mirror_, schema, left_out);
      } catch (const pqxx::failure& in_the_way) {
        // Tables are made anew while they are read.
        return testing::AssertionFailure() << in_the_way.what();
      }
    });
    if (!result) result << "\npgmirror's log:\n" << program_.log();
    return result;
  }
  /// Waits until the program's log holds `text`.
  testing::AssertionResult logs(const std::string& text, std::chrono::milliseconds patience = 30s) {
    eventually(patience, [&] { return program_.log().find(text) != std::string::npos || !program_.running(); });
    if (program_.log().find(text) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "never logged: " << text << "; pgmirror " << program_.fate() << "\n"
                                       << program_.log();
  }

  const config::ConnectionSettings& source() const { return source_; }
  const config::ConnectionSettings& mirror() const { return mirror_; }
  MirrorProgram& program() { return program_; }
  std::filesystem::path state_directory() const { return directory_ / "state"; }

 private:
  config::ConnectionSettings source_;
  config::ConnectionSettings mirror_;
  TemporaryDirectory directory_;
  MirrorProgram program_{source_, mirror_, directory_ / "state"};
};

}  // namespace pgmirror::tests

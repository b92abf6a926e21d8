#pragma once

#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {

/// A database whose changes are found by triggers, and its mirror.
class TriggerPair : public DatabaseAndMirror {
 public:
  TriggerPair() : TriggerPair(source_server()) {}
  explicit TriggerPair(ThrowawayPostgres& server) : DatabaseAndMirror(server, shared_postgres()) {
    choose_method(program());
  }

  /// The program runs and both sides are equal.
  testing::AssertionResult follow(const std::string& before) {
    run(before);
    program().start();
    return becomes_same();
  }
  /// How often the program's log has said so since it began.
  std::size_t times_logged(const std::string& text) {
    const std::string log = program().log();
    std::size_t times = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
    return times;
  }
  /// The first cell of the first row, in the source.
  std::string ask(const std::string& sql) {
    pqxx::connection connection(connection_string(source()));
    const pqxx::result result = pqxx::nontransaction(connection).exec(sql);
    return result.empty() || result[0][0].is_null() ? std::string() : result[0][0].c_str();
  }
};

}  // namespace pgmirror::tests

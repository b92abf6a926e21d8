#pragma once

#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {

/// A fixture for what goes wrong between an application's database and its mirror.
class HostileMirror : public testing::Test {
 protected:
  HostileMirror() = default;
  HostileMirror(ThrowawayPostgres& source, ThrowawayPostgres& mirror) : pair_(source, mirror) {}

  /// A cluster has few slots, and the next test needs one.
  void TearDown() override {
    if (pair_.program().running()) pair_.program().kill();
    eventually(10s, [&] {
      try {
        tell_source(
            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE database "
            "= current_database()");
        return true;
      } catch (const pqxx::sql_error&) {
        return false;
      }
    });
  }

  static void tell(const config::ConnectionSettings& database, const std::string& sql) {
    pqxx::connection connection(connection_string(database));
    pqxx::nontransaction(connection).exec(sql);
  }
  static std::string ask(const config::ConnectionSettings& database, const std::string& sql) {
    pqxx::connection connection(connection_string(database));
    return pqxx::nontransaction(connection).exec1(sql)[0].as<std::string>("");
  }
  void tell_source(const std::string& sql) { tell(pair_.source(), sql); }
  void tell_mirror(const std::string& sql) { tell(pair_.mirror(), sql); }
  std::string ask_source(const std::string& sql) { return ask(pair_.source(), sql); }
  std::string ask_mirror(const std::string& sql) { return ask(pair_.mirror(), sql); }

  /// Makes the tables, starts the program and waits for the first copy.
  void mirror_first(const std::string& tables) {
    tell_source(tables);
    pair_.program().start();
    const auto copied = pair_.becomes_same();
    if (!copied) throw std::runtime_error(copied.message());
  }
  /// As pg_terminate_backend does it for everything that pgmirror has open in a database.
  void end_sessions(const config::ConnectionSettings& database) {
    tell(database,
         "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = "
         "current_database() AND application_name LIKE 'pgmirror%'");
  }
  /// The slots of this source, whoever made them.
  std::string slots() {
    return ask_source("SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE database = current_database()");
  }
  bool healthy() { return pair_.program().command({"health"}).end == ProgramEnd{}; }
  std::size_t times_logged(const std::string& text) {
    const std::string log = pair_.program().log();
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + text.size())) ++count;
    return count;
  }

  DatabaseAndMirror pair_;
};

}  // namespace pgmirror::tests

#include "tests/support/transaction_pooler.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <utility>

#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {

using namespace std::chrono_literals;

TransactionPooler::TransactionPooler(config::ConnectionSettings server, int sessions) : settings_(std::move(server)) {
  constexpr const char* program = "/usr/sbin/pgbouncer";
  if (!std::filesystem::exists(program)) {
    throw std::runtime_error(
        "pgbouncer is missing; install it (Debian: pgbouncer) or run scripts/install_dependencies");
  }
  const auto port = settings_.port;
  // A socket file in a directory of its own: no port has to be free.
  settings_.host = directory_.path();
  settings_.port = 6432;
  std::ofstream(directory_ / "pgbouncer.ini") << fmt::format(
      "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nunix_socket_dir={}\nlisten_port={}\n"
      "auth_type=any\npool_mode=transaction\ndefault_pool_size={}\nserver_reset_query=\n",
      port, directory_.path().string(), settings_.port, sessions);
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
  // It refuses to run as root. Never by sudo, of which the end would not be its own.
  child_ = std::make_unique<ChildProcess>(
      ProgramCall{.arguments = {program, directory_ / "pgbouncer.ini"}, .user = ::geteuid() == 0 ? "postgres" : ""});
  const bool answers = eventually(10s, [this] {
    try {
      const pqxx::connection probe(connection_string(settings_));
      return true;
    } catch (const pqxx::broken_connection&) {
      return false;
    }
  });
  if (!answers) throw std::runtime_error("pgbouncer does not answer: " + child_->output());
}

}  // namespace pgmirror::tests

#include "tests/support/throwaway_postgres.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <pqxx/pqxx>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

constexpr auto remedy = "run \"apt-get install postgresql-15\" or start the tests with ./test";

/// initdb and postgres refuse root.
std::string server_user() { return ::geteuid() == 0 ? "postgres" : ""; }

fs::path server_program(const std::string& name) {
  for (const fs::path directory : {"/usr/lib/postgresql/15/bin", "/usr/local/bin", "/usr/bin"})
    if (fs::exists(directory / name)) return directory / name;
  throw std::runtime_error("PostgreSQL 15 is not installed; " + std::string(remedy));
}

void hand_over(const fs::path& directory) {
  if (::geteuid() != 0) return;
  const auto* account = ::getpwnam("postgres");
  if (account == nullptr) throw std::runtime_error("user postgres does not exist; " + std::string(remedy));
  run_program({.arguments = {"chown", "-R", fmt::format("{}:{}", account->pw_uid, account->pw_gid), directory}});
}

void require_success(const FinishedProgram& program, const std::string& what) {
  if (program.end != ProgramEnd{}) throw std::runtime_error(what + " failed: " + program.output);
}

/// Runs initdb the first time anybody of this build asks; the lock keeps test programs that run at once apart.
fs::path cluster_template() {
  fs::path place = PGMIRROR_TEST_CLUSTER_TEMPLATE;
  fs::create_directories(place.parent_path());
  const int lock = ::open((place.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0)
    throw std::system_error(errno, std::generic_category(), place.string() + ".lock");
  if (!fs::exists(place)) {
    // Made in /tmp, since user postgres may not be allowed to reach the build directory.
    const TemporaryDirectory workshop;
    hand_over(workshop.path());
    require_success(
        run_program({.arguments = {server_program("initdb"), "--no-sync", "--auth=trust", "--username=postgres",
                                   "--encoding=UTF8", "--locale=C.UTF-8", "-D", workshop / "data"},
                     .user = server_user()}),
        "initdb");
    const fs::path unfinished = place.string() + ".unfinished";
    fs::remove_all(unfinished);
    require_success(run_program({.arguments = {"cp", "-a", workshop / "data", unfinished}}), "cp");
    fs::rename(unfinished, place);
  }
  ::close(lock);
  return place;
}

std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(probe, any, size) != 0 || ::getsockname(probe, any, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot find a free port");
  ::close(probe);
  return ntohs(address.sin_port);
}

}  // namespace

ThrowawayPostgres::ThrowawayPostgres(const PostgresOptions& options)
    : settings_{{"fsync", "off"},
                {"full_page_writes", "off"},
                {"wal_level", "logical"},
                {"max_connections", "60"},
                // Tests share a cluster, and a slot stays where a program was not torn down.
                {"max_replication_slots", "80"},
                {"max_wal_senders", "60"},
                {"shared_buffers", "32MB"},
                {"max_wal_size", "256MB"},
                {"log_line_prefix", "'%m [%p] %q%a '"},
                {"listen_addresses", "'127.0.0.1'"}} {
  for (const auto& [name, value] : options.settings) settings_[name] = value;
  require_success(run_program({.arguments = {"cp", "-a", cluster_template(), data_directory()}}), "cp");
  hand_over(directory_.path());
  for (int attempt = 1; server_ == nullptr; ++attempt) {
    port_ = free_port();
    try {
      start();
    } catch (const std::runtime_error&) {
      // Somebody may have taken the port between the question and the start.
      if (attempt == 3 || log().find("could not bind") == std::string::npos) throw;
      server_.reset();
    }
  }
}

ThrowawayPostgres::~ThrowawayPostgres() {
  if (server_ != nullptr && server_->running()) {
    server_->send(SIGQUIT);
    server_->wait_for(seconds{10});
  }
}

void ThrowawayPostgres::write_configuration() const {
  std::ofstream file(data_directory() / "pgmirror-test.conf");
  file << "port = " << port_ << "\nunix_socket_directories = '" << directory_.path().string() << "'\n";
  for (const auto& [name, value] : settings_) file << name << " = " << value << '\n';
  file.close();
  const fs::path main_file = data_directory() / "postgresql.conf";
  const std::string include = "include 'pgmirror-test.conf'\n";
  if (file_text(main_file).find(include) == std::string::npos) std::ofstream(main_file, std::ios::app) << include;
}

bool ThrowawayPostgres::answers() const {
  // The socket file is there a moment before the server takes connections, and after a crash long before.
  const auto status = PQping(connection_string(administration()).c_str());
  return status == PQPING_OK;
}

void ThrowawayPostgres::start() {
  write_configuration();
  // A killed server leaves its lock file; the port and directory are ours alone.
  fs::remove(data_directory() / "postmaster.pid");
  server_ =
      std::make_unique<ChildProcess>(ProgramCall{.arguments = {server_program("postgres"), "-D", data_directory()},
                                                 .user = server_user(),
                                                 .output = directory_ / "server.log"});
  const bool up = eventually(seconds{60}, [this] { return answers() || !server_->running(); });
  if (!up || !server_->running()) {
    server_.reset();
    throw std::runtime_error("PostgreSQL did not start:\n" + log());
  }
}

void ThrowawayPostgres::stop() {
  server_->send(SIGINT);
  server_->wait(seconds{60});
}

void ThrowawayPostgres::stop_immediately() {
  server_->send(SIGQUIT);
  server_->wait(seconds{60});
}

void ThrowawayPostgres::kill() {
  std::istringstream list(file_text(fmt::format("/proc/{0}/task/{0}/children", server_->pid())));
  server_->kill();
  for (pid_t child = 0; list >> child;) {
    ::kill(child, SIGKILL);
    const fs::path running = fmt::format("/proc/{}", child);
    eventually(seconds{10}, [&] { return !fs::exists(running); });
  }
}

void ThrowawayPostgres::restart_immediately() {
  stop_immediately();
  start();
}

void ThrowawayPostgres::set(const std::string& name, const std::string& value) { settings_[name] = value; }

config::ConnectionSettings ThrowawayPostgres::create_database() {
  auto settings = administration();
  settings.database = fmt::format("test_{}", ++databases_);
  pqxx::connection connection(connection_string(administration()));
  pqxx::nontransaction(connection).exec("CREATE DATABASE " + settings.database);
  return settings;
}

config::ConnectionSettings ThrowawayPostgres::administration() const {
  config::ConnectionSettings settings;
  settings.host = "127.0.0.1";
  settings.port = port_;
  settings.database = "postgres";
  settings.user = "postgres";
  settings.sslmode = "disable";
  return settings;
}

std::string ThrowawayPostgres::log() const { return file_text(directory_ / "server.log"); }

ThrowawayPostgres& shared_postgres() {
  static ThrowawayPostgres cluster;
  return cluster;
}

}  // namespace pgmirror::tests

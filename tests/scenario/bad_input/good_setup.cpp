#include <pqxx/pqxx>

#include <fstream>
#include <stdexcept>

#include "tests/scenario/bad_input/bad_input.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/same_content.hpp"

namespace pgmirror::tests {

GoodSetup::GoodSetup()
    : mirror(shared_postgres().create_database()),
      environment_{{"MIRROR_SOURCE_URL", "sqlite://" + store().string()},
                   {"MIRROR_STATE_DIR", state().string()},
                   {"MIRROR_DB_PASSWORD", secret}} {
  application().exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER);"
      "INSERT INTO t WITH RECURSIVE s (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < 500)"
      " SELECT i, hex(randomblob(40)), i FROM s;"
      "CREATE TABLE u (id INTEGER PRIMARY KEY, b TEXT); INSERT INTO u VALUES (1, 'x')");
  close_application();
  set_mirror(mirror);
}

std::filesystem::path GoodSetup::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name), std::ios::binary) << text;
  return file(name);
}

void GoodSetup::set_mirror(const config::ConnectionSettings& settings) {
  set("MIRROR_DB_URL", connection_url(settings));
}

void GoodSetup::set_yaml(const std::string& text) { set("MIRROR_CONFIG", write("pgmirror.yaml", text).string()); }

void GoodSetup::tell(const std::string& sql) const {
  pqxx::connection connection(connection_string(mirror));
  pqxx::nontransaction(connection).exec(sql);
}

std::string GoodSetup::ask(const std::string& sql) const {
  pqxx::connection connection(connection_string(mirror));
  return pqxx::nontransaction(connection).exec1(sql)[0].as<std::string>();
}

SqliteDatabase& GoodSetup::application() {
  if (!application_) application_ = std::make_unique<SqliteDatabase>(store());
  return *application_;
}

void GoodSetup::hold_store_exclusively() {
  application_ = std::make_unique<SqliteDatabase>(store(), SqliteDatabase::Journal::as_is);
  application_->exec("PRAGMA locking_mode=EXCLUSIVE; INSERT INTO u VALUES (2, 'y')");
}

ProgramCall GoodSetup::call() const {
  ProgramCall call{
      .arguments = {PGMIRROR_PROGRAM}, .environment = environment_, .clean_environment = true, .user = user};
  call.arguments.insert(call.arguments.end(), typed.begin(), typed.end());
  if (!shell_before.empty()) {
    call.arguments.insert(call.arguments.begin(), {"/bin/bash", "-c", shell_before + "; exec \"$0\" \"$@\""});
  }
  return call;
}

void GoodSetup::mirror_once() {
  ChildProcess program(call());
  program.wait_for_output("Successfully connected");
  const bool same = eventually(std::chrono::seconds{60},
                               [&] { return !program.running() || static_cast<bool>(same_content(store(), mirror)); });
  if (!same || !program.running()) throw std::runtime_error("the setup does not serve:\n" + program.output());
  if (program.terminate() != ProgramEnd{}) throw std::runtime_error("did not end well:\n" + program.output());
}

}  // namespace pgmirror::tests

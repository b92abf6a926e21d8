#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

/// A good setup that a case spoils: a store, an empty mirror, a state directory that was not used yet.
class GoodSetup {
 public:
  GoodSetup();

  std::filesystem::path store() const { return directory_ / "app.db"; }
  std::filesystem::path state() const { return directory_ / "state"; }
  std::filesystem::path file(const std::string& name) const { return directory_ / name; }
  /// Holds `text`.
  std::filesystem::path write(const std::string& name, const std::string& text) const;
  void set(const std::string& variable, const std::string& value) { environment_[variable] = value; }
  void set_mirror(const config::ConnectionSettings& mirror);
  void set_yaml(const std::string& text);
  /// In the mirror, as superuser.
  void tell(const std::string& sql) const;
  std::string ask(const std::string& sql) const;
  /// A connection of the application to its store, open until the case is over.
  SqliteDatabase& application();
  void close_application() { application_.reset(); }
  /// As an application does that wants its store for itself.
  void hold_store_exclusively();
  /// Runs pgmirror with the setup as it is now until the mirror is the same, then ends it.
  void mirror_once();

  config::ConnectionSettings mirror;
  std::vector<std::string> typed{"run"};
  std::string user{};          ///< who runs it; empty: we
  std::string shell_before{};  ///< run by the shell that becomes pgmirror, for limits
  std::unique_ptr<ChildProcess> other_agent{};
  /// What must not come before the test has read the files: that takes the locks of this process from them.
  std::function<void()> at_last{};

  ProgramCall call() const;

 private:
  TemporaryDirectory directory_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<SqliteDatabase> application_;
};

/// What the program does in the end.
constexpr int runs_on = -1;  ///< says it, stays, and ends well when it is asked to

/// Something wrong, and what the program must say about it.
struct BadInput {
  const char* name;
  std::function<void(GoodSetup&)> spoil;
  int exit_code;
  std::vector<std::string> words;
  /// The mending that the message asks for, after which the same state directory must serve; none: the setup is past
  /// mending by the user's hand.
  std::function<void(GoodSetup&)> mend{};
};

/// Never printed, whatever is wrong.
constexpr const char* secret = "correct-horse-battery";

std::vector<BadInput> command_line_cases();
std::vector<BadInput> setting_cases();
std::vector<BadInput> store_cases();
std::vector<BadInput> state_cases();
std::vector<BadInput> mirror_cases();

}  // namespace pgmirror::tests

// An application for tests: commits transactions FIRST..LAST, each with one row in `ledger` and one changed row in
// `totals`.
//
// sqlite_writer FILE FIRST LAST [rate=N] [busy=MS] [autocheckpoint=N] [truncate_every=N] [reopen_every=N]
// Prints how many TRUNCATE checkpoints were done and how often it was told that the database is busy.
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

class Application {
 public:
  Application(std::string file, std::map<std::string, int> options)
      : file_(std::move(file)), options_(std::move(options)) {
    open();
  }
  ~Application() { sqlite3_close(database_); }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  void run(int first, int last) {
    const auto start = Clock::now();
    for (int id = first; id <= last; ++id) {
      if (const int rate = option("rate", 0); rate > 0) {
        while (Clock::now() - start < std::chrono::microseconds{(id - first) * 1'000'000LL / rate}) ::usleep(50);
      }
      while (!commit(id)) ++busy_;
      if (const int every = option("truncate_every", 0); every > 0 && id % every == 0) truncate();
      if (const int every = option("reopen_every", 0); every > 0 && id % every == 0) {
        sqlite3_close(database_);
        open();
      }
    }
    std::printf("truncated=%d busy=%d\n", truncated_, busy_);
  }

 private:
  int option(const std::string& name, int otherwise) const {
    const auto found = options_.find(name);
    return found == options_.end() ? otherwise : found->second;
  }

  void open() {
    if (sqlite3_open(file_.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot open");
    sqlite3_busy_timeout(database_, option("busy", 5000));
    sqlite3_exec(database_, "PRAGMA synchronous=NORMAL", nullptr, nullptr, nullptr);
    sqlite3_wal_autocheckpoint(database_, option("autocheckpoint", 1000));
  }

  bool execute(const std::string& sql) {
    const int result = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
    if (result == SQLITE_OK) return true;
    if (result != SQLITE_BUSY) throw std::runtime_error(sql + ": " + sqlite3_errmsg(database_));
    return false;
  }

  bool commit(int id) {
    const std::string text = std::to_string(id);
    if (!execute("BEGIN IMMEDIATE")) {
      ::usleep(100);
      return false;
    }
    const bool done =
        execute("INSERT INTO ledger VALUES(" + text + ", 'note " + text + " " + std::string(std::size_t(id % 97), 'x') +
                "')") &&
        execute("UPDATE totals SET n = n + 1, last = " + text + " WHERE id = " + std::to_string(id % 50)) &&
        execute("COMMIT");
    if (!done) execute("ROLLBACK");
    return done;
  }

  void truncate() {
    int log = -1;
    int copied = -1;
    if (sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, &log, &copied) == SQLITE_OK &&
        log == 0) {
      ++truncated_;
    }
  }

  std::string file_;
  std::map<std::string, int> options_;
  sqlite3* database_ = nullptr;
  int truncated_ = 0;
  int busy_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, int> options;
    for (int argument = 4; argument < argc; ++argument) {
      const std::string text = argv[argument];
      options[text.substr(0, text.find('='))] = std::atoi(text.substr(text.find('=') + 1).c_str());
    }
    Application(argv[1], options).run(std::atoi(argv[2]), std::atoi(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

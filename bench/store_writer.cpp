/// An application that commits single rows: as fast as it can, or at a rate.
///
///   store_writer FILE SECONDS [COMMITS_A_SECOND [SYNCHRONOUS]]
///
/// Appends to table `written` (made if it is missing; WAL, default autocheckpoint, synchronous=NORMAL where nothing
/// else is said), each row with the time of its commit, and prints commits, commits a second, and percentiles of the
/// time that a commit took. A rate of 0 is as fast as it can.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;
using Database = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

void check(int code, sqlite3* database) {
  if (code != SQLITE_OK && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database));
}

double percentile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void write(const char* file, double seconds, double rate, const char* synchronous) {
  sqlite3* handle = nullptr;
  check(sqlite3_open(file, &handle), handle);
  const Database database(handle, sqlite3_close);
  sqlite3_busy_timeout(handle, 5000);
  check(sqlite3_exec(handle, fmt::format("PRAGMA synchronous = {}", synchronous).c_str(), nullptr, nullptr, nullptr),
        handle);
  check(sqlite3_exec(handle,
                     "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS written"
                     " (id INTEGER PRIMARY KEY, number INT, name TEXT, size REAL, committed_at REAL)",
                     nullptr, nullptr, nullptr),
        handle);
  sqlite3_stmt* prepared = nullptr;
  check(sqlite3_prepare_v2(handle, "INSERT INTO written (number, name, size, committed_at) VALUES (?, ?, ?, ?)", -1,
                           &prepared, nullptr),
        handle);
  const Statement insert(prepared, sqlite3_finalize);

  std::vector<double> took;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (auto now = begin; now < end; now = Clock::now()) {
    if (rate > 0) {
      const std::chrono::duration<double> due(static_cast<double>(took.size()) / rate);
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
    }
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto start = Clock::now();
    sqlite3_bind_int64(prepared, 1, static_cast<sqlite3_int64>(took.size()));
    sqlite3_bind_text(prepared, 2, "some text of about forty characters, so.", -1, SQLITE_STATIC);
    sqlite3_bind_double(prepared, 3, static_cast<double>(took.size()) / 3);
    sqlite3_bind_double(prepared, 4, std::chrono::duration<double>(wall).count());
    check(sqlite3_step(prepared), handle);
    sqlite3_reset(prepared);
    took.push_back(Microseconds(Clock::now() - start).count());
  }
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(took);
  fmt::print("{} commits {:.0f} a second, p50 {:.0f} us p99 {:.0f} us p99.9 {:.0f} us\n", took.size(),
             static_cast<double>(took.size()) / elapsed, percentile(took, 0.5), percentile(took, 0.99),
             percentile(took, 0.999));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    fmt::print(stderr, "usage: store_writer FILE SECONDS [COMMITS_A_SECOND [SYNCHRONOUS]]\n");
    return 64;
  }
  try {
    write(argv[1], std::strtod(argv[2], nullptr), argc >= 4 ? std::strtod(argv[3], nullptr) : 0,
          argc == 5 ? argv[4] : "NORMAL");
  } catch (const std::exception& error) {
    fmt::print(stderr, "store_writer: {}\n", error.what());
    return 1;
  }
  return 0;
}

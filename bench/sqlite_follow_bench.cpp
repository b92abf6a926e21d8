// What following a SQLite store costs the application that writes it.
//
// A writer process commits single rows as fast as it can, alone and with the source attached, then at a fixed rate.
// Prints the ratios of throughput and commit time, the largest WAL, and the time from a commit to its being durable
// with us.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "capture/sqlite/sqlite_source.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using pgmirror::change::Commit;
using pgmirror::change::RowChange;
namespace change = pgmirror::change;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

void check(int result, sqlite3* database) {
  if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
}

/// A commit a call, one row with its commit's time in it. Writes the commit times (microseconds) to `report`.
void write_rows(const std::string& file, int count, double rate, const std::string& report) {
  sqlite3* database = nullptr;
  check(sqlite3_open(file.c_str(), &database), database);
  sqlite3_busy_timeout(database, 10000);
  sqlite3_exec(database, "PRAGMA synchronous=NORMAL", nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  check(
      sqlite3_prepare_v2(database, "INSERT INTO orders(placed, customer, note) VALUES(?, ?, ?)", -1, &insert, nullptr),
      database);
  const std::string note(100, 'n');
  std::vector<std::int64_t> times;
  const std::int64_t start = now_us();
  for (int row = 0; row < count; ++row) {
    if (rate > 0) {
      const auto due = start + static_cast<std::int64_t>(row / rate * 1e6);
      while (now_us() < due) ::usleep(50);
    }
    const std::int64_t began = now_us();
    sqlite3_bind_int64(insert, 1, began);
    sqlite3_bind_int64(insert, 2, row % 5000);
    sqlite3_bind_text(insert, 3, note.data(), static_cast<int>(note.size()), SQLITE_STATIC);
    check(sqlite3_step(insert), database);
    check(sqlite3_reset(insert), database);
    times.push_back(now_us() - began);
  }
  const std::int64_t total = now_us() - start;
  sqlite3_finalize(insert);
  sqlite3_close(database);
  std::sort(times.begin(), times.end());
  std::ofstream(report) << total << ' ' << times[times.size() / 2] << ' ' << times[times.size() * 99 / 100] << ' '
                        << times[times.size() * 999 / 1000] << ' ' << times.back() << '\n';
}

struct WriterReport {
  double per_second = 0;
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double slowest = 0;
};

/// Takes transactions as the queue does: appends them to a file and syncs it.
class FileWriter : public change::TransactionWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600)) {}
  ~FileWriter() override { ::close(descriptor_); }
  void begin() override { mark_ = buffer_.size(); }
  void row(const RowChange& row) override {
    ++rows_;
    for (const change::Tuple tuple : {row.old_key, row.new_row}) {
      for (const change::Value& value : tuple) {
        if (value.kind() == change::ValueKind::integer) {
          const std::int64_t number = value.as_integer();
          buffer_.append(reinterpret_cast<const char*>(&number), sizeof number);
        } else if (value.kind() == change::ValueKind::text || value.kind() == change::ValueKind::blob) {
          buffer_.append(value.bytes());
        }
      }
    }
    if (row.new_row.size() > 1 && row.new_row[1].kind() == change::ValueKind::integer) {
      waiting_.push_back(row.new_row[1].as_integer());
    }
  }
  void schema(const change::SchemaChange&) override {}
  void truncate(const change::Truncation&) override {}
  void commit(const Commit&) override { ++transactions_; }
  void rollback() override { buffer_.resize(mark_); }
  void sync() override {
    if (::write(descriptor_, buffer_.data(), buffer_.size()) < 0 || ::fdatasync(descriptor_) != 0) std::abort();
    buffer_.clear();
    const std::int64_t now = now_us();
    for (const std::int64_t began : waiting_) delays_.push_back(now - began);
    waiting_.clear();
    durable_ = transactions_;
    durable_rows_ = rows_;
  }
  int durable_rows() const { return durable_rows_; }
  int durable() const { return durable_; }
  std::vector<std::int64_t> take_delays() { return std::move(delays_); }

 private:
  int descriptor_;
  std::string buffer_;
  std::size_t mark_ = 0;
  std::vector<std::int64_t> waiting_;
  std::vector<std::int64_t> delays_;
  int transactions_ = 0;
  std::atomic<int> durable_ = 0;
  int rows_ = 0;
  std::atomic<int> durable_rows_ = 0;
};

class Bench {
 public:
  explicit Bench(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
  }

  void make_store() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store() + suffix);
    std::filesystem::remove_all(directory_ / "state");
    std::filesystem::create_directories(directory_ / "state");
    sqlite3* database = nullptr;
    check(sqlite3_open(store().c_str(), &database), database);
    check(sqlite3_exec(database,
                       "PRAGMA journal_mode=WAL; CREATE TABLE orders(id INTEGER PRIMARY KEY, placed INTEGER, customer "
                       "INTEGER, note TEXT); CREATE INDEX by_customer ON orders(customer);",
                       nullptr, nullptr, nullptr),
          database);
    sqlite3_close(database);
  }

  WriterReport write(int count, double rate) {
    const std::string report = (directory_ / "report").string();
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/proc/self/exe", "writer", "--writer", store().c_str(), std::to_string(count).c_str(),
              std::to_string(rate).c_str(), report.c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      largest_wal_ = std::max<std::uint64_t>(largest_wal_, wal_size());
      ::usleep(2000);
    }
    if (status != 0) throw std::runtime_error("writer failed");
    double total = 0;
    WriterReport result;
    std::ifstream(report) >> total >> result.p50 >> result.p99 >> result.p999 >> result.slowest;
    result.per_second = count / total * 1e6;
    return result;
  }

  struct Attached {
    WriterReport writer;
    std::vector<std::int64_t> delays;
    double drained_seconds = 0;
    double cpu_seconds = 0;
    std::uint64_t largest_wal = 0;
  };

  Attached write_attached(int count, double rate) {
    largest_wal_ = 0;
    pgmirror::config::SqliteSource settings;
    settings.file = store();
    pgmirror::capture::sqlite::SqliteSource source(settings, {}, directory_ / "state", {}, std::nullopt);
    FileWriter writer(directory_ / "queue");
    std::jthread runner([&](std::stop_token stop) { source.run(writer, stop); });
    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    Attached result;
    result.writer = write(count, rate);
    const auto ended = Clock::now();
    while (writer.durable_rows() < count && Clock::now() - ended < 120s) ::usleep(500);
    result.drained_seconds = std::chrono::duration<double>(Clock::now() - ended).count();
    if (writer.durable_rows() != count) fmt::print("LOST: {} of {} rows arrived\n", writer.durable_rows(), count);
    if (writer.durable() != count) fmt::print("  {} commits arrived as {} transactions\n", count, writer.durable());
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    result.cpu_seconds =
        seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime);
    runner.request_stop();
    runner.join();
    result.delays = writer.take_delays();
    std::sort(result.delays.begin(), result.delays.end());
    result.largest_wal = largest_wal_;
    return result;
  }

 private:
  std::string store() const { return (directory_ / "store.db").string(); }
  std::uint64_t wal_size() const {
    std::error_code error;
    const auto size = std::filesystem::file_size(store() + "-wal", error);
    return error ? 0 : size;
  }

  std::filesystem::path directory_;
  std::uint64_t largest_wal_ = 0;
};

void print(const char* name, const WriterReport& report) {
  fmt::print("{:<22} {:>9.0f} commits/s   p50 {:>6.0f} us   p99 {:>6.0f} us   p99.9 {:>7.0f} us   max {:>8.0f} us\n",
             name, report.per_second, report.p50, report.p99, report.p999, report.slowest);
}

void run(const std::filesystem::path& directory, int count) {
  Bench bench(directory);
  bench.make_store();
  const WriterReport alone = bench.write(count, 0);
  print("flat out, alone", alone);
  bench.make_store();
  const auto attached = bench.write_attached(count, 0);
  print("flat out, followed", attached.writer);
  fmt::print(
      "  throughput x{:.2f}, p50 x{:.2f}, p99 x{:.2f}, largest WAL {:.1f} MB, caught up {:.2f} s after the end, "
      "{:.1f} us of CPU a commit\n",
      attached.writer.per_second / alone.per_second, attached.writer.p50 / alone.p50, attached.writer.p99 / alone.p99,
      static_cast<double>(attached.largest_wal) / 1e6, attached.drained_seconds, attached.cpu_seconds / count * 1e6);

  constexpr int paced_count = 10000;
  bench.make_store();
  print("1000/s, alone", bench.write(paced_count, 1000));
  bench.make_store();
  const auto paced = bench.write_attached(paced_count, 1000);
  print("1000/s, followed", paced.writer);
  const auto& delays = paced.delays;
  fmt::print("  commit to durable: p50 {} us, p99 {} us, max {} us; largest WAL {:.1f} MB; {:.1f} us of CPU a commit\n",
             delays[delays.size() / 2], delays[delays.size() * 99 / 100], delays.back(),
             static_cast<double>(paced.largest_wal) / 1e6, paced.cpu_seconds / paced_count * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 6 && std::strcmp(argv[1], "--writer") == 0) {
      write_rows(argv[2], std::atoi(argv[3]), std::atof(argv[4]), argv[5]);
      return 0;
    }
    if (argc < 2) {
      fmt::print("usage: sqlite_follow_bench DIRECTORY [COMMITS]\n");
      return 64;
    }
    spdlog::set_level(spdlog::level::warn);
    run(argv[1], argc > 2 ? std::atoi(argv[2]) : 100000);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>

#include "queue/change_queue.hpp"

// The queue alone, on the disk of PGMIRROR_BENCH_DIR (default: the current directory).
namespace pgmirror::queue {
namespace {

change::RelationPtr orders() {
  auto relation = std::make_shared<change::Relation>();
  relation->name = "orders";
  for (const char* column : {"id", "customer", "sum", "state", "made_at"}) {
    relation->columns.push_back({.name = column, .declared_type = "any"});
  }
  relation->key = {0};
  return relation;
}

class Rows {
 public:
  change::RowChange next() {
    ++id_;
    const auto mixed = id_ * 0x9E3779B97F4A7C15U;
    text_.clear();
    fmt::format_to(std::back_inserter(text_), "2024-05-{:02} {:02}:{:02}:{:02}", mixed % 28 + 1, mixed / 31 % 24,
                   mixed / 7 % 60, mixed / 11 % 60);
    row_ = {change::Value::integer(static_cast<std::int64_t>(id_)),
            change::Value::integer(static_cast<std::int64_t>(mixed >> 44U)),
            change::Value::real(static_cast<double>(mixed >> 50U) / 100), change::Value::text("delivered"),
            change::Value::text(text_)};
    return {change::RowOperation::insert, relation_, {}, row_};
  }

 private:
  change::RelationPtr relation_ = orders();
  std::uint64_t id_ = 0;
  std::string text_;
  std::array<change::Value, 5> row_;
};

class Directory {
 public:
  Directory() {
    const char* chosen = std::getenv("PGMIRROR_BENCH_DIR");
    path_ = std::filesystem::path(chosen == nullptr ? "." : chosen) / "queue_bench.tmp";
    std::filesystem::remove_all(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  Options options(int compression_level) const {
    Options options;
    options.directory = path_;
    options.source = {"bench"};
    options.compression_level = compression_level;
    return options;
  }

 private:
  std::filesystem::path path_;
};

// Rows made beforehand, so that only the queue is measured.
class Prepared {
 public:
  explicit Prepared(std::size_t count) {
    Rows rows;
    texts_.reserve(count);
    cells_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = rows.next();
      texts_.emplace_back(row.new_row[4].bytes());
      cells_.push_back({row.new_row[0], row.new_row[1], row.new_row[2], change::Value::text("delivered"),
                        change::Value::text(texts_.back())});
      relation_ = row.relation;
    }
  }
  std::size_t size() const { return cells_.size(); }
  change::RowChange operator[](std::size_t i) const {
    return {change::RowOperation::insert, relation_, {}, cells_[i % cells_.size()]};
  }

 private:
  change::RelationPtr relation_;
  std::vector<std::string> texts_;
  std::vector<std::array<change::Value, 5>> cells_;
};

std::uint64_t write(ChangeQueue& queue, const Prepared& rows, std::uint64_t position, std::uint64_t transactions,
                    std::uint64_t rows_each) {
  std::size_t row = 0;
  for (std::uint64_t i = 0; i < transactions; ++i) {
    queue.begin();
    for (std::uint64_t j = 0; j < rows_each; ++j) queue.row(rows[row++]);
    queue.commit({{++position}, change::CommitTime{std::chrono::microseconds{position}}});
  }
  queue.sync();
  return position;
}

void report(benchmark::State& state, std::uint64_t rows, const ChangeQueue& queue) {
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
  state.counters["bytes/row"] = static_cast<double>(queue.usage().bytes) / static_cast<double>(rows);
}

// range(0): zstd level, range(1): rows a transaction; a sync every 100,000 rows.
void write_in_bulk(benchmark::State& state) {
  const Prepared prepared(100'000);
  const Directory directory;
  ChangeQueue queue(directory.options(static_cast<int>(state.range(0))));
  const auto rows_each = static_cast<std::uint64_t>(state.range(1));
  std::uint64_t position = 0;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    position = write(queue, prepared, position, 100'000 / rows_each, rows_each);
  }
  report(state, position * rows_each, queue);
}
BENCHMARK(write_in_bulk)->ArgsProduct({{0, 1, 3}, {1, 1000}})->Unit(benchmark::kMillisecond)->MinTime(1.0);

// Single-row transactions, range(0) of them to a sync.
void write_and_sync(benchmark::State& state) {
  const Prepared prepared(100'000);
  const Directory directory;
  ChangeQueue queue(directory.options(1));
  std::uint64_t position = 0;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    position = write(queue, prepared, position, static_cast<std::uint64_t>(state.range(0)), 1);
  }
  report(state, position, queue);
}
BENCHMARK(write_and_sync)->Arg(1)->Arg(10)->Arg(60)->Arg(300)->Unit(benchmark::kMicrosecond)->UseRealTime();

void read(benchmark::State& state) {
  const Directory directory;
  ChangeQueue queue(directory.options(static_cast<int>(state.range(0))));
  const auto rows_each = static_cast<std::uint64_t>(state.range(1));
  constexpr std::uint64_t rows = 1'000'000;
  write(queue, Prepared(100'000), 0, rows / rows_each, rows_each);
  for (auto iteration : state) {
    static_cast<void>(iteration);
    auto cursor = queue.open_cursor({});
    std::uint64_t seen = 0;
    while (const Item* item = cursor.next()) {
      if (const auto* row = std::get_if<change::RowChange>(item)) {
        benchmark::DoNotOptimize(row->new_row.data());
        ++seen;
      }
    }
    if (seen != rows) state.SkipWithError("rows are missing");
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(read)->ArgsProduct({{0, 1}, {1, 1000}})->Unit(benchmark::kMillisecond);

void open_one_gigabyte(benchmark::State& state) {
  const Directory directory;
  const auto options = directory.options(0);
  {
    ChangeQueue queue(options);
    const Prepared prepared(100'000);
    for (std::uint64_t position = 0; queue.usage().bytes < (std::uint64_t{1} << 30U);) {
      position = write(queue, prepared, position, 100'000, 1);
    }
  }
  for (auto iteration : state) {
    static_cast<void>(iteration);
    const ChangeQueue queue(options);
    benchmark::DoNotOptimize(queue.end());
  }
}
BENCHMARK(open_one_gigabyte)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pgmirror::queue

// What the SQLite decoder costs: small transactions by the second, rows read by the second.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "capture/sqlite/table_reader.hpp"
#include "capture/sqlite/transaction_decoder.hpp"

namespace {

using pgmirror::capture::sqlite::PageImage;
using pgmirror::capture::sqlite::PageNumber;
using pgmirror::capture::sqlite::TableLayoutPtr;
using pgmirror::capture::sqlite::TransactionDecoder;
namespace change = pgmirror::change;

/// A database as SQLite itself gives it away.
class Image final : public PageImage {
 public:
  explicit Image(sqlite3* database) {
    sqlite3_int64 size = 0;
    unsigned char* const bytes = sqlite3_serialize(database, "main", &size, 0);
    bytes_.assign(bytes, bytes + size);
    sqlite3_free(bytes);
  }
  std::size_t page_size() const override { return 4096; }
  PageNumber page_count() const override { return static_cast<PageNumber>(bytes_.size() / page_size()); }
  void read(PageNumber number, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_.data() + (number - 1) * page_size(), page_size());
  }

 private:
  std::vector<unsigned char> bytes_;
};

class Database {
 public:
  Database() {
    sqlite3_open(":memory:", &handle_);
    run("CREATE TABLE orders(id integer primary key, customer int, state text, total real, note text, placed int)");
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void run(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(handle_));
    }
  }
  void insert(int first, int last) {
    run("WITH RECURSIVE n(i) AS (VALUES(" + std::to_string(first) + ") UNION ALL SELECT i+1 FROM n WHERE i<" +
        std::to_string(last) +
        ") INSERT INTO orders SELECT i, i*7%1000, 'open', i*0.25, 'note number '||i, 1700000000+i FROM n");
  }
  Image image() const { return Image(handle_); }

 private:
  sqlite3* handle_ = nullptr;
};

class Count final : public change::TransactionWriter {
 public:
  void begin() override {}
  void row(const change::RowChange& change) override {
    ++rows_;
    benchmark::DoNotOptimize(change.new_row.data());
  }
  void schema(const change::SchemaChange&) override {}
  void truncate(const change::Truncation&) override {}
  void commit(const change::Commit&) override {}
  void rollback() override {}
  void sync() override {}
  std::uint64_t rows() const { return rows_; }

 private:
  std::uint64_t rows_ = 0;
};

std::vector<PageNumber> changed_pages(const Image& before, const Image& after) {
  std::vector<PageNumber> changed;
  std::vector<std::byte> left(before.page_size());
  std::vector<std::byte> right(after.page_size());
  for (PageNumber page = 1; page <= std::max(before.page_count(), after.page_count()); ++page) {
    if (page <= before.page_count() && page <= after.page_count()) {
      before.read(page, left);
      after.read(page, right);
      if (page != 1 && left == right) continue;
      // In WAL mode page 1 is not written by a transaction that keeps the size of the file.
      if (page == 1 && before.page_count() == after.page_count()) continue;
    }
    changed.push_back(page);
  }
  return changed;
}

/// Rows inserted one by one into a table of 100,000, splits included: each step is one transaction.
void small_transactions(benchmark::State& state) {
  constexpr int steps = 200;
  Database database;
  database.insert(1, 100'000);
  std::vector<Image> images{database.image()};
  std::vector<std::vector<PageNumber>> changes;
  for (int i = 1; i <= steps; ++i) {
    database.insert(100'000 + i, 100'000 + i);
    images.push_back(database.image());
    changes.push_back(changed_pages(images[images.size() - 2], images.back()));
  }
  Count count;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    TransactionDecoder decoder(images.front(), {});
    state.ResumeTiming();
    for (int i = 0; i < steps; ++i) {
      const auto step = static_cast<std::size_t>(i);
      decoder.decode(images[step], images[step + 1], changes[step], count);
    }
  }
  state.SetItemsProcessed(state.iterations() * steps);
  if (count.rows() != static_cast<std::uint64_t>(state.iterations()) * steps) state.SkipWithError("rows were missed");
}
BENCHMARK(small_transactions)->Unit(benchmark::kMicrosecond);

/// One transaction of half a million rows.
void large_transaction(benchmark::State& state) {
  constexpr int rows = 500'000;
  Database database;
  const Image before = database.image();
  database.insert(1, rows);
  const Image after = database.image();
  const std::vector<PageNumber> changed = changed_pages(before, after);
  Count count;
  for ([[maybe_unused]] auto _ : state) {
    TransactionDecoder decoder(before, {});
    decoder.decode(before, after, changed, count);
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(large_transaction)->Unit(benchmark::kMillisecond);

/// A whole table of six columns.
void table_read(benchmark::State& state) {
  constexpr int rows = 500'000;
  Database database;
  database.insert(1, rows);
  const Image image = database.image();
  const TransactionDecoder decoder(image, {});
  const TableLayoutPtr table = decoder.tables().front();
  for ([[maybe_unused]] auto _ : state) {
    read_table(image, *table, [](change::Tuple row) {
      benchmark::DoNotOptimize(row.data());
      return true;
    });
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(table_read)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

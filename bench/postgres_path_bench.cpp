#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>

#include "capture/postgres/pgoutput_decoder.hpp"
#include "capture/postgres/stream_follower.hpp"
#include "queue/change_queue.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/row_statements.hpp"
#include "tests/unit/capture_postgres/stream_bytes.hpp"
#include "tests/unit/sinks/sample_table.hpp"

// What a change of a PostgreSQL source costs the agent: taking its message apart, writing it into the queue (on the
// disk of PGMIRROR_BENCH_DIR, by default the current directory), and rendering it for a mirror.
namespace pgmirror {
namespace {

using namespace capture::postgres;
namespace sink = sinks::postgres;

constexpr std::uint32_t table = 1;

std::string insert_of(std::uint64_t id) {
  return tests::insert_message(
      table, {std::to_string(id), std::to_string(id % 1000), "delivered to the door", "2024-05-17 11:22:33.123456"});
}

void decode(benchmark::State& state) {
  PgoutputDecoder decoder;
  const std::string message = insert_of(123456);
  for ([[maybe_unused]] auto _ : state) {
    PgoutputMessage decoded = decoder.decode(message);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(decode);

std::optional<StreamedRelation> orders(const RelationMessage&) {
  auto relation = std::make_shared<change::Relation>();
  relation->schema = "public";
  relation->name = "orders";
  for (const char* column : {"id", "customer", "state", "made_at"})
    relation->columns.push_back({.name = column, .declared_type = "text", .family = change::TypeFamily::native});
  relation->key = {0};
  return StreamedRelation{.relation = std::move(relation), .places = {0, 1, 2, 3}, .column_numbers = {1, 2, 3, 4}};
}

/// Transactions of so many rows.
void follow_into_queue(benchmark::State& state) {
  const auto rows = static_cast<std::uint64_t>(state.range(0));
  const char* chosen = std::getenv("PGMIRROR_BENCH_DIR");
  const auto directory = std::filesystem::path(chosen == nullptr ? "." : chosen) / "postgres_path_bench.tmp";
  std::filesystem::remove_all(directory);
  {
    queue::Options options;
    options.directory = directory;
    options.source = {"bench"};
    queue::ChangeQueue queue(options);
    StreamRelations relations;
    PositionMarks marks;
    StreamFollower follower(queue, {1}, relations, marks, orders, std::chrono::hours{1});
    relations.told(table, {.relation = *orders({})});
    const std::string described = tests::relation_message(table, "orders", {"*id", "customer", "state", "made_at"});
    std::uint64_t position = 100;
    bool first = true;
    for ([[maybe_unused]] auto _ : state) {
      follower.take_message(tests::begin_message(position));
      if (std::exchange(first, false)) follower.take_message(described);
      for (std::uint64_t row = 0; row < rows; ++row) follower.take_message(insert_of(position + row));
      follower.take_message(tests::commit_message(position, position + 50));
      position += 100;
    }
    follower.sync();
    queue.release(queue.end());
  }
  std::filesystem::remove_all(directory);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
BENCHMARK(follow_into_queue)->Arg(1)->Arg(1000);

/// The rows of one batch, gathered, sorted and rendered as arrays. Half of them are updates where asked for.
void render_batch(benchmark::State& state) {
  constexpr std::uint64_t rows = 20'000;
  const bool updates = state.range(0) != 0;
  const auto mirrored =
      std::make_shared<const sink::MirrorTable>(sink::sample_table({{.name = "id", .type = "bigint"},
                                                                    {.name = "customer", .type = "bigint"},
                                                                    {.name = "state", .type = "text"},
                                                                    {.name = "made_at", .type = "text"}}));
  std::vector<std::string> texts;
  for (std::uint64_t id = 0; id < rows; ++id) texts.push_back(std::to_string(id * 7919 % 1'000'003));
  std::vector<std::array<change::Value, 4>> cells;
  for (const std::string& text : texts) {
    cells.push_back({change::Value::text(text), change::Value::text("817"),
                     change::Value::text("delivered to the door"),
                     change::Value::text("2024-05-17 11:22:33.123456+00")});
  }
  for ([[maybe_unused]] auto _ : state) {
    sink::NetBatch batch;
    for (std::uint64_t row = 0; row < rows; ++row) {
      const bool update = updates && row % 2 == 0;
      batch.add(mirrored, update ? change::RowOperation::update : change::RowOperation::insert, {}, cells[row]);
    }
    batch.end_transaction({});
    batch.sort_by_key();
    sink::OddValues odd;
    for (const auto& effects : batch.tables()) {
      auto statements = sink::render(*effects, sink::ApplyMode::direct, false, odd);
      benchmark::DoNotOptimize(statements);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
BENCHMARK(render_batch)->Arg(0)->Arg(1);

}  // namespace
}  // namespace pgmirror

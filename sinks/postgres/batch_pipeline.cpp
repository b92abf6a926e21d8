#include "sinks/postgres/batch_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/sequence_values.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using std::chrono::milliseconds;

/// Nothing that one batch does to the rows of a table comes near this.
constexpr std::chrono::seconds longest_wait_beside{20};

bool stands_alone(const TableEffects& effects) {
  if (effects.table()->takes_any_row) {
    return std::ranges::all_of(effects.rows(),
                               [](const RowEffect& row) { return row.kind == RowEffect::Kind::insert; });
  }
  return effects.table()->rows_stand_alone &&
         // Of a row that goes to another key, both are needed at once.
         std::ranges::none_of(effects.rows(), [](const RowEffect& row) { return row.from != nullptr; });
}

}  // namespace

BatchesEntangled::BatchesEntangled(change::Position end_of_batches)
    : std::runtime_error(
          "changes wait for a lock in the mirror, perhaps for one that later ones hold, which are applied "
          "beside them; they are applied one after another now"),
      end(end_of_batches) {}

BatchPipeline::BatchPipeline(libpq::Connection& connection, const Ownership& ownership, change::Position position)
    : ownership_(ownership), sent_position_(position) {
  lanes_.push_back(std::make_unique<Lane>(connection));
}

void BatchPipeline::use_also(libpq::Connection& second) { lanes_.push_back(std::make_unique<Lane>(second)); }

BatchPipeline::Lane& BatchPipeline::other_than(const Lane& lane) const {
  return *(lanes_.front().get() == &lane ? lanes_.back() : lanes_.front());
}

/// What is sent next on a lane must not come between two parts of a transaction.
bool BatchPipeline::is_free(const Lane& lane) const {
  return std::ranges::none_of(batches_,
                              [&](const InFlight& batch) { return batch.lane == &lane && !batch.rest.empty(); });
}

bool BatchPipeline::takes(BatchOrder order) const {
  if (batches_.empty()) return true;
  const Lane& last = *batches_.back().lane;
  return is_free(last) || (order == BatchOrder::beside && is_free(other_than(last)));
}

bool BatchPipeline::may_be_touched(std::uint64_t key_hash, const Lane& own) const {
  return std::ranges::any_of(batches_, [&](const InFlight& batch) {
    return batch.lane != &own && (!batch.footprint || batch.footprint->may_touch(key_hash));
  });
}

BatchPipeline::Rows BatchPipeline::render_rows(NetBatch& batch, ApplyMode mode, const Lane* beside,
                                               const std::function<bool(const MirrorTable&)>& may_have_odd,
                                               OddValues& odd) {
  Rows rows;
  sent_odd_values_.clear();
  for (const auto& effects : batch.tables()) {
    const bool had_odd = may_have_odd(*effects->table());
    const std::size_t odd_before = odd.size();
    const auto add = [&](const TableEffects& some, std::vector<Statement>& statements, std::size_t& count) {
      if (some.rows().empty()) return;
      std::ranges::move(render(some, mode, had_odd, odd), std::back_inserter(statements));
      count += some.rows().size();
    };
    if (beside != nullptr && !had_odd && stands_alone(*effects)) {
      const TableEffects meeting =
          effects->split([&](const RowEffect& row) { return may_be_touched(effects->key_hash(row), *beside); });
      add(*effects, rows.at_once, rows.rows_at_once);
      add(meeting, rows.in_turn, rows.rows_in_turn);
    } else {
      add(*effects, rows.in_turn, rows.rows_in_turn);
    }
    if (odd.size() > odd_before) sent_odd_values_.push_back(effects->table());
  }
  return rows;
}

void BatchPipeline::send(NetBatch& batch, ApplyMode mode, BatchOrder order,
                         const std::function<bool(const MirrorTable&)>& may_have_odd) {
  InFlight sent{
      .outcome = {.last = batch.last_commit(), .transactions = batch.transactions(), .changes = batch.changes()}};
  Lane& last = batches_.empty() ? *lanes_.front() : *batches_.back().lane;
  Lane* beside = nullptr;
  if (order == BatchOrder::beside && has_second() && !batches_.empty() && is_free(other_than(last))) {
    beside = &other_than(last);
  }
  if (has_second()) sent.footprint.emplace(batch);
  batch.sort_by_key();
  OddValues odd;
  Rows rows = render_rows(batch, mode, beside, may_have_odd, odd);
  // Most of it would only wait there for its turn.
  if (beside != nullptr && rows.rows_at_once < rows.rows_in_turn && is_free(last)) beside = nullptr;
  sent.lane = beside != nullptr ? beside : &last;

  std::vector<Statement> begin;
  begin.push_back({.sql = "BEGIN", .parameters = {}});
  for (std::string& setting : ownership_.settings()) begin.push_back({.sql = std::move(setting), .parameters = {}});
  std::ranges::move(rows.at_once, std::back_inserter(begin));
  sent.rest = std::move(rows.in_turn);
  if (!batch.sequences().empty()) {
    sent.rest.push_back({.sql = set_sequences_sql, .parameters = sequence_parameters(batch.sequences())});
  }
  if (!odd.empty()) sent.rest.push_back({.sql = OddValues::insert_sql(), .parameters = odd.take_parameters()});
  sent.rest.push_back(
      {.sql = advance_checkpoint_sql, .parameters = ownership_.checkpoint_step(sent_position_, batch.last_commit())});
  sent.rest.push_back({.sql = "COMMIT", .parameters = {}});
  for (const auto* statements : {&begin, &sent.rest}) {
    for (const Statement& statement : *statements) sent.bytes += statement.parameters.bytes();
  }

  send_statements(sent, begin);
  if (beside == nullptr) {
    end(sent);
  } else {
    sent.lane->pipeline.flush();
  }
  if (batches_.empty()) first_since_ = Clock::now();
  sent_position_ = batch.last_commit().position;
  bytes_in_flight_ += sent.bytes;
  batches_.push_back(std::move(sent));
}

void BatchPipeline::send_statements(InFlight& batch, const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    batch.lane->pipeline.send(statement.sql, statement.parameters);
    batch.expected.push_back(statement.expectation);
  }
}

void BatchPipeline::end(InFlight& batch) {
  send_statements(batch, batch.rest);
  batch.rest.clear();
  batch.lane->pipeline.end_unit();
}

std::optional<Applied> BatchPipeline::receive(milliseconds timeout) {
  while (!batches_.empty()) {
    InFlight& batch = batches_.front();
    libpq::Pipeline::Received received = batch.lane->pipeline.receive(milliseconds{0});
    if (received.answer == libpq::Pipeline::Answer::none) {
      if (!wait(timeout)) return std::nullopt;
      continue;
    }
    if (received.answer == libpq::Pipeline::Answer::statement) {
      match(batch, received.result);
      continue;
    }
    if (batch.error) throw BatchRefused(*batch.error, batch.outcome.last.position, batch.outcome.transactions);
    batch.outcome.elapsed = Clock::now() - batch.sent;
    bytes_in_flight_ -= batch.bytes;
    const Applied outcome = batch.outcome;
    batches_.pop_front();
    first_since_ = Clock::now();
    if (!batches_.empty() && !batches_.front().rest.empty()) end(batches_.front());
    return outcome;
  }
  return std::nullopt;
}

/// False when nothing has come.
bool BatchPipeline::wait(milliseconds timeout) {
  std::vector<libpq::Pipeline*> pipelines;
  for (const auto& lane : lanes_) pipelines.push_back(&lane->pipeline);
  if (libpq::Pipeline::wait(pipelines, timeout)) return true;
  const bool alone = std::ranges::all_of(batches_, [](const InFlight& batch) { return batch.rest.empty(); });
  if (!alone && Clock::now() - first_since_ > longest_wait_beside) {
    throw BatchesEntangled(sent_position_);
  }
  return false;
}

void BatchPipeline::match(InFlight& batch, const libpq::Result& result) {
  const RowExpectation expected = batch.expected.front();
  batch.expected.pop_front();
  switch (PQresultStatus(result.native())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      break;
    case PGRES_PIPELINE_ABORTED:
      return;
    default:
      if (!batch.error) batch.error = batch.lane->connection.error(result.native());
      return;
  }
  // A COMMIT that the server answers with ROLLBACK: the transaction had failed without an error that we saw.
  const bool last = batch.rest.empty() && batch.expected.empty();
  if (last && std::string_view(PQcmdStatus(result.native())) != "COMMIT" && !batch.error) {
    batch.error = libpq::DatabaseError("the mirror rolled a batch back", "", true);
  }
  batch.outcome.drifted_rows += expected.drift(result);
}

}  // namespace pgmirror::sinks::postgres

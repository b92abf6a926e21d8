#include "sinks/postgres/batch_pipeline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/sequence_values.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using std::chrono::milliseconds;

/// Nothing that one batch does to the rows of a table comes near this.
constexpr std::chrono::seconds longest_wait_beside{20};

/// Of its values: a batch that the server has done as fast as it has planned it.
constexpr std::size_t brief_bytes = std::size_t{32} << 10U;

bool stands_alone(const TableEffects& effects) {
  if (effects.table()->takes_any_row) {
    return std::ranges::all_of(effects.rows(),
                               [](const RowEffect& row) { return row.kind == RowEffect::Kind::insert; });
  }
  return effects.table()->rows_stand_alone &&
         // Of a row that goes to another key, both are needed at once.
         std::ranges::none_of(effects.rows(), [](const RowEffect& row) { return row.from != nullptr; });
}

/// A COPY saves the server half of the work of an INSERT and takes two more round trips. Only where foreign keys and
/// triggers are silent, since its rows go before those of other tables.
std::size_t least_copied(const Ownership& ownership) {
  constexpr std::chrono::nanoseconds saved_by_row{600};
  constexpr std::size_t worth_the_change = 500;
  if (!ownership.replica_role) return std::numeric_limits<std::size_t>::max();
  return std::max(worth_the_change, static_cast<std::size_t>(2 * ownership.round_trip / saved_by_row));
}

}  // namespace

BatchesEntangled::BatchesEntangled(change::Position end_of_batches)
    : std::runtime_error(
          "changes wait for a lock in the mirror, perhaps for one that later ones hold, which are applied "
          "beside them; they are applied one after another now"),
      end(end_of_batches) {}

BatchPipeline::BatchPipeline(libpq::Connection& connection, const Ownership& ownership, change::Position position)
    : ownership_(ownership), least_copied_(least_copied(ownership)), sent_position_(position) {
  lanes_.push_back(std::make_unique<ApplyLane>(connection, ownership));
}

void BatchPipeline::use_also(libpq::Connection& second) {
  lanes_.push_back(std::make_unique<ApplyLane>(second, ownership_));
}

ApplyLane& BatchPipeline::other_than(const ApplyLane& lane) const {
  return *(lanes_.front().get() == &lane ? lanes_.back() : lanes_.front());
}

/// What is sent next on a lane must not come between two parts of a transaction.
bool BatchPipeline::is_free(const ApplyLane& lane) const {
  return std::ranges::none_of(batches_, [&](const InFlight& batch) { return batch.lane == &lane && !batch.is_sent(); });
}

bool BatchPipeline::takes(BatchOrder order) const {
  if (batches_.empty()) return true;
  // One that waits for a COPY is put together already.
  if (!has_second()) return std::ranges::count_if(batches_, std::not_fn(&InFlight::is_sent)) <= 1;
  const ApplyLane& last = *batches_.back().lane;
  return is_free(last) || (order == BatchOrder::beside && is_free(other_than(last)));
}

bool BatchPipeline::may_be_touched(std::uint64_t key_hash, const ApplyLane& own) const {
  return std::ranges::any_of(batches_, [&](const InFlight& batch) {
    return batch.lane != &own && (!batch.footprint || batch.footprint->may_touch(key_hash));
  });
}

/// `copies`: takes what may go before the statements; null: nothing may.
void BatchPipeline::render_table(const TableEffects& effects, ApplyMode mode, bool had_odd, OddValues& odd,
                                 std::vector<Statement>& statements, std::deque<RowCopy>* copies) const {
  CopiedRows copied{.least = least_copied_};
  const bool copy = copies != nullptr && effects.table()->takes_copy && mode == ApplyMode::direct && !had_odd;
  std::ranges::move(render(effects, mode, had_odd, odd, copy ? &copied : nullptr), std::back_inserter(statements));
  if (copied.rows.empty()) return;
  if (auto encoded = encode_copy(*effects.table(), copied.rows)) {
    copies->push_back(std::move(*encoded));
  } else {
    statements.push_back(render_insert(effects, copied, odd));
  }
}

BatchPipeline::Rows BatchPipeline::render_rows(NetBatch& batch, ApplyMode mode, const ApplyLane* beside,
                                               const std::function<bool(const MirrorTable&)>& may_have_odd,
                                               OddValues& odd) {
  Rows rows;
  sent_odd_values_.clear();
  for (const auto& effects : batch.tables()) {
    const bool had_odd = may_have_odd(*effects->table());
    const std::size_t odd_before = odd.size();
    const bool alone = stands_alone(*effects);
    if (beside != nullptr && !had_odd && alone) {
      const TableEffects meeting =
          effects->split([&](const RowEffect& row) { return may_be_touched(effects->key_hash(row), *beside); });
      rows.rows_at_once += effects->rows().size();
      rows.rows_in_turn += meeting.rows().size();
      render_table(*effects, mode, had_odd, odd, rows.at_once, &rows.copies);
      render_table(meeting, mode, had_odd, odd, rows.in_turn, nullptr);
    } else {
      rows.rows_in_turn += effects->rows().size();
      render_table(*effects, mode, had_odd, odd, rows.in_turn, alone && beside == nullptr ? &rows.copies : nullptr);
    }
    if (odd.size() > odd_before) sent_odd_values_.push_back(effects->table());
  }
  return rows;
}

void BatchPipeline::send(NetBatch& batch, ApplyMode mode, BatchOrder order,
                         const std::function<bool(const MirrorTable&)>& may_have_odd) {
  InFlight sent{
      .outcome = {.last = batch.last_commit(), .transactions = batch.transactions(), .changes = batch.changes()}};
  ApplyLane& last = batches_.empty() ? *lanes_.front() : *batches_.back().lane;
  ApplyLane* beside = nullptr;
  if (order == BatchOrder::beside && has_second() && !batches_.empty() && is_free(other_than(last))) {
    beside = &other_than(last);
  }
  if (has_second() || order == BatchOrder::beside) sent.footprint.emplace(batch);
  batch.sort_by_key();
  OddValues odd;
  Rows rows = render_rows(batch, mode, beside, may_have_odd, odd);
  // Most of it would only wait there for its turn.
  if (beside != nullptr && rows.rows_at_once < rows.rows_in_turn && is_free(last)) beside = nullptr;
  sent.lane = beside != nullptr ? beside : &last;
  sent.copies = std::move(rows.copies);

  sent.at_once = std::move(rows.at_once);
  sent.in_turn = std::move(rows.in_turn);
  if (!batch.sequences().empty()) {
    sent.in_turn.push_back({.sql = set_sequences_sql, .parameters = sequence_parameters(batch.sequences())});
  }
  if (!odd.empty()) sent.in_turn.push_back({.sql = OddValues::insert_sql(), .parameters = odd.take_parameters()});
  sent.in_turn.push_back(
      {.sql = advance_checkpoint_sql, .parameters = ownership_.checkpoint_step(sent_position_, batch.last_commit())});
  sent.in_turn.push_back({.sql = "COMMIT", .parameters = {}});
  for (const RowCopy& copy : sent.copies) sent.bytes += copy.data.size();
  for (const auto* statements : {&sent.at_once, &sent.in_turn}) {
    for (const Statement& statement : *statements) sent.bytes += statement.parameters.bytes();
  }
  if (sent.copies.empty() && sent.bytes <= brief_bytes) sent.planning = ApplyLane::Planning::kept;

  if (batches_.empty()) first_since_ = Clock::now();
  sent_position_ = batch.last_commit().position;
  bytes_in_flight_ += sent.bytes;
  batches_.push_back(std::move(sent));
  advance(batches_.back());
}

/// Sends what may be sent by now.
void BatchPipeline::advance(InFlight& batch) {
  if (batch.is_sent() || batch.error) return;
  bool turn = true;
  for (const InFlight& before : batches_) {
    if (&before == &batch) break;
    if (before.lane != batch.lane) {
      turn = false;
    } else if (!before.is_sent()) {
      return;
    }
  }
  libpq::Pipeline& pipeline = batch.lane->pipeline();
  if (pipeline.copying()) return;
  if (!batch.copies.empty()) {
    if (pipeline.outstanding()) return;
    RowCopy& copy = batch.copies.front();
    std::vector<std::string> statements = begin(batch);
    statements.push_back(copy.sql);
    batch.expected.push_back({.rows = copy.rows});
    pipeline.copy(fmt::format("{}", fmt::join(statements, "; ")), std::move(copy.data));
    batch.copies.pop_front();
    return;
  }
  for (const std::string& statement : begin(batch)) {
    batch.lane->send(statement, {});
    batch.expected.emplace_back();
  }
  send_statements(batch, batch.at_once);
  if (turn) {
    send_statements(batch, batch.in_turn);
    pipeline.end_unit();
  } else {
    pipeline.flush();
  }
}

/// What is still to be sent before the rest of it.
std::vector<std::string> BatchPipeline::begin(InFlight& batch) {
  if (std::exchange(batch.begun, true)) return {};
  return batch.lane->begin(batch.planning);
}

void BatchPipeline::send_statements(InFlight& batch, std::vector<Statement>& statements) {
  for (const Statement& statement : std::exchange(statements, {})) {
    batch.lane->send(statement.sql, statement.parameters);
    batch.expected.push_back(statement.expectation);
  }
}

void BatchPipeline::give_back() {
  for (const auto& lane : lanes_) lane->give_back();
}

std::optional<Applied> BatchPipeline::receive(milliseconds timeout) {
  while (!batches_.empty()) {
    if (auto outcome = take_answers()) return outcome;
    const InFlight& front = batches_.front();
    if (front.error && !front.is_sent()) {
      throw BatchRefused(*front.error, front.outcome.last.position, front.outcome.transactions);
    }
    if (!wait(timeout)) return std::nullopt;
  }
  return std::nullopt;
}

/// All that have come, up to the end of a batch.
std::optional<Applied> BatchPipeline::take_answers() {
  for (const auto& lane : lanes_) {
    const auto batch = std::ranges::find(batches_, lane.get(), &InFlight::lane);
    if (batch == batches_.end()) continue;
    for (;;) {
      const libpq::Pipeline::Received received = lane->pipeline().receive(milliseconds{0});
      if (received.answer == libpq::Pipeline::Answer::none) break;
      // Of the batch whose turn it is: no other has been sent up to its end.
      if (received.answer == libpq::Pipeline::Answer::end_of_unit) return take_front();
      match(*batch, received.result);
      advance(*batch);
    }
  }
  return std::nullopt;
}

Applied BatchPipeline::take_front() {
  InFlight& front = batches_.front();
  if (front.error) throw BatchRefused(*front.error, front.outcome.last.position, front.outcome.transactions);
  front.outcome.elapsed = Clock::now() - front.sent;
  bytes_in_flight_ -= front.bytes;
  const Applied outcome = front.outcome;
  batches_.pop_front();
  first_since_ = Clock::now();
  for (InFlight& batch : batches_) advance(batch);
  return outcome;
}

/// False when nothing has come.
bool BatchPipeline::wait(milliseconds timeout) {
  std::vector<libpq::Pipeline*> pipelines;
  for (const auto& lane : lanes_) pipelines.push_back(&lane->pipeline());
  if (libpq::Pipeline::wait(pipelines, timeout)) return true;
  const bool beside =
      std::ranges::any_of(batches_, [&](const InFlight& batch) { return batch.lane != batches_.front().lane; });
  if (beside && Clock::now() - first_since_ > longest_wait_beside) throw BatchesEntangled(sent_position_);
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
      if (!batch.error) batch.error = batch.lane->connection().error(result.native());
      return;
  }
  // A COMMIT that the server answers with ROLLBACK: the transaction had failed without an error that we saw.
  const bool last = batch.is_sent() && batch.expected.empty();
  if (last && std::string_view(PQcmdStatus(result.native())) != "COMMIT" && !batch.error) {
    batch.error = libpq::DatabaseError("the mirror rolled a batch back", "", true);
  }
  batch.outcome.drifted_rows += expected.drift(result);
}

}  // namespace pgmirror::sinks::postgres

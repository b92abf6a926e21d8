#include "sinks/postgres/batch_pipeline.hpp"

#include <algorithm>

#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/sequence_values.hpp"

namespace pgmirror::sinks::postgres {

BatchPipeline::BatchPipeline(libpq::Connection& connection, const Ownership& ownership, change::Position position)
    : connection_(connection), ownership_(ownership), pipeline_(connection), sent_position_(position) {}

void BatchPipeline::send(NetBatch& batch, ApplyMode mode, const std::function<bool(const MirrorTable&)>& may_have_odd) {
  OddValues odd;
  std::vector<Statement> statements;
  sent_odd_values_.clear();
  batch.sort_by_key();
  for (const auto& effects : batch.tables()) {
    const std::size_t odd_before = odd.size();
    auto rendered = render(*effects, mode, may_have_odd(*effects->table()), odd);
    std::ranges::move(rendered, std::back_inserter(statements));
    if (odd.size() > odd_before) sent_odd_values_.push_back(effects->table());
  }

  InFlight sent{
      .outcome = {.last = batch.last_commit(), .transactions = batch.transactions(), .changes = batch.changes()},
      .expected = {},
      .sent = std::chrono::steady_clock::now()};
  const libpq::Parameters none;
  const auto send_one = [&](const std::string& sql, const libpq::Parameters& parameters,
                            const RowExpectation& expected) {
    pipeline_.send(sql, parameters);
    sent.expected.push_back(expected);
    sent.bytes += parameters.bytes();
  };
  send_one("BEGIN", none, {});
  for (const std::string& setting : ownership_.settings()) send_one(setting, none, {});
  for (const Statement& statement : statements) send_one(statement.sql, statement.parameters, statement.expectation);
  if (!batch.sequences().empty()) send_one(set_sequences_sql, sequence_parameters(batch.sequences()), {});
  if (!odd.empty()) send_one(OddValues::insert_sql(), odd.take_parameters(), {});
  send_one(advance_checkpoint_sql, ownership_.checkpoint_step(sent_position_, batch.last_commit()), {});
  send_one("COMMIT", none, {});
  pipeline_.end_unit();

  sent_position_ = batch.last_commit().position;
  bytes_in_flight_ += sent.bytes;
  batches_.push_back(std::move(sent));
}

std::optional<Applied> BatchPipeline::receive(std::chrono::milliseconds timeout) {
  while (!batches_.empty()) {
    libpq::Pipeline::Received received = pipeline_.receive(timeout);
    InFlight& batch = batches_.front();
    if (received.answer == libpq::Pipeline::Answer::none) return std::nullopt;
    if (received.answer == libpq::Pipeline::Answer::statement) {
      match(batch, received.result);
      continue;
    }
    if (batch.error) throw BatchRefused(*batch.error, batch.outcome.last.position, batch.outcome.transactions);
    batch.outcome.elapsed = std::chrono::steady_clock::now() - batch.sent;
    bytes_in_flight_ -= batch.bytes;
    const Applied outcome = batch.outcome;
    batches_.pop_front();
    return outcome;
  }
  return std::nullopt;
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
      if (!batch.error) batch.error = connection_.error(result.native());
      return;
  }
  // A COMMIT that the server answers with ROLLBACK: the transaction had failed without an error that we saw.
  if (batch.expected.empty() && std::string_view(PQcmdStatus(result.native())) != "COMMIT" && !batch.error) {
    batch.error = libpq::DatabaseError("the mirror rolled a batch back", "", true);
  }
  batch.outcome.drifted_rows += expected.drift(result);
}

}  // namespace pgmirror::sinks::postgres

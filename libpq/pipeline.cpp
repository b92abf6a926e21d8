#include "libpq/pipeline.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace pgmirror::libpq {

struct Pipeline::Copy {
  std::string data;
  std::size_t sent = 0;    ///< of the data, to libpq
  bool wanted = false;     ///< the server takes data, and has not had the end of it
  Result answer{nullptr};  ///< the last one, or the first error
  bool failed = false;
};

Pipeline::Pipeline(Connection& connection) : connection_(connection), native_(connection.native()) {
  if (PQsetnonblocking(native_, 1) != 0 || PQenterPipelineMode(native_) != 1) fail();
}

Pipeline::~Pipeline() {
  PQexitPipelineMode(native_);
  PQsetnonblocking(native_, 0);
}

void Pipeline::send(const std::string& sql, const Parameters& parameters) {
  if (PQsendQueryParams(native_, sql.c_str(), parameters.count(), parameters.types(), parameters.values(),
                        parameters.lengths(), parameters.formats(), 0) != 1) {
    fail();
  }
  expected_.push_back(Awaited::statement);
  unsent_ = true;
}

void Pipeline::send_repeated(const std::string& sql, const Parameters& parameters) {
  constexpr std::size_t most = 200;
  std::string key = sql;
  for (int i = 0; i < parameters.count(); ++i) key += fmt::format(" {}", parameters.types()[i]);
  const auto known = repeated_.find(key);
  if (known == repeated_.end()) {
    if (repeated_.size() < most) repeated_.emplace(std::move(key), "");
    return send(sql, parameters);
  }
  std::string& name = known->second;
  if (name.empty()) {
    name = fmt::format("pgmirror_{}", ++prepared_);
    if (PQsendPrepare(native_, name.c_str(), sql.c_str(), parameters.count(), parameters.types()) != 1) fail();
    expected_.push_back(Awaited::preparation);
  }
  if (PQsendQueryPrepared(native_, name.c_str(), parameters.count(), parameters.values(), parameters.lengths(),
                          parameters.formats(), 0) != 1) {
    fail();
  }
  expected_.push_back(Awaited::statement);
  unsent_ = true;
}

void Pipeline::forget_prepared() {
  repeated_.clear();
  prepared_ = 0;
}

void Pipeline::end_unit() {
  if (PQpipelineSync(native_) != 1) fail();
  expected_.push_back(Awaited::end_of_unit);
  flush();
}

void Pipeline::flush() {
  const int left = PQflush(native_);
  if (left < 0) fail();
  unsent_ = left > 0;
  if (!unsent_ && copy_ && copy_->wanted) send_data();
}

void Pipeline::copy(const std::string& sql, std::string data) {
  if (outstanding()) throw std::logic_error("a COPY behind what is outstanding");
  if (PQexitPipelineMode(native_) != 1 || PQsendQuery(native_, sql.c_str()) != 1) fail();
  copy_ = std::make_unique<Copy>(Copy{.data = std::move(data)});
  expected_.push_back(Awaited::statement);
  flush();
}

/// As much as the line takes: what libpq cannot send it keeps a copy of.
void Pipeline::send_data() {
  constexpr std::size_t piece = std::size_t{64} << 10U;
  while (!unsent_) {
    const std::string_view next = std::string_view(copy_->data).substr(copy_->sent, piece);
    const int taken = next.empty() ? PQputCopyEnd(native_, nullptr)
                                   : PQputCopyData(native_, next.data(), static_cast<int>(next.size()));
    if (taken < 0) fail();
    // Else the buffer could not grow.
    if (taken == 1) copy_->sent += next.size();
    const int left = PQflush(native_);
    if (left < 0) fail();
    unsent_ = left > 0;
    if (next.empty() && taken == 1) {
      copy_->wanted = false;
      return;
    }
  }
}

bool Pipeline::advance_copy() {
  while (!copy_->wanted && PQisBusy(native_) == 0) {
    Result answer(PQgetResult(native_));
    if (answer.native() == nullptr) return true;
    if (PQresultStatus(answer.native()) == PGRES_COPY_IN) {
      copy_->wanted = true;
      send_data();
    } else if (!copy_->failed) {
      copy_->failed = PQresultStatus(answer.native()) == PGRES_FATAL_ERROR;
      copy_->answer = std::move(answer);
    }
  }
  return false;
}

Pipeline::Received Pipeline::receive(std::chrono::milliseconds timeout) {
  while (!expected_.empty()) {
    if (!await_answer(timeout)) return {};
    if (copy_) return take_answer_of_copy();
    Result result(PQgetResult(native_));
    if (result.native() == nullptr) fail();
    const Awaited awaited = expected_.front();
    const ExecStatusType status = PQresultStatus(result.native());
    if ((status == PGRES_PIPELINE_SYNC) != (awaited == Awaited::end_of_unit)) fail();
    expected_.pop_front();
    if (awaited == Awaited::end_of_unit) return {.answer = Answer::end_of_unit, .result = std::move(result)};
    // Each statement's results end with a null.
    while (PGresult* more = PQgetResult(native_)) PQclear(more);
    if (awaited == Awaited::statement) {
      if (failed_preparation_.native() != nullptr) result = std::exchange(failed_preparation_, Result(nullptr));
      return {.answer = Answer::statement, .result = std::move(result)};
    }
    if (status == PGRES_FATAL_ERROR) failed_preparation_ = std::move(result);
  }
  return {};
}

bool Pipeline::await_answer(std::chrono::milliseconds timeout) {
  if (unsent_) flush();
  while (copy_ ? !advance_copy() : PQisBusy(native_) == 1) {
    Pipeline* const only = this;
    if (!wait({&only, 1}, timeout)) return false;
  }
  return true;
}

Pipeline::Received Pipeline::take_answer_of_copy() {
  Received received{.answer = Answer::statement, .result = std::move(copy_->answer)};
  expected_.pop_front();
  copy_.reset();
  if (PQenterPipelineMode(native_) != 1) fail();
  return received;
}

bool Pipeline::wait(std::span<Pipeline* const> pipelines, std::chrono::milliseconds timeout) {
  std::vector<pollfd> descriptors;
  for (const Pipeline* pipeline : pipelines) {
    const int events = pipeline->unsent_ ? POLLIN | POLLOUT : POLLIN;
    descriptors.push_back(
        {.fd = PQsocket(pipeline->native_), .events = static_cast<std::int16_t>(events), .revents = 0});
  }
  const int ready = poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  if (ready < 0 && errno != EINTR) pipelines.front()->fail();
  if (ready <= 0) return false;
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    if ((descriptors[i].revents & POLLOUT) != 0) pipelines[i]->flush();
    if (descriptors[i].revents != 0 && PQconsumeInput(pipelines[i]->native_) != 1) pipelines[i]->fail();
  }
  return true;
}

void Pipeline::fail() const {
  const DatabaseError error = connection_.error(nullptr);
  throw DatabaseError(error.what(), error.sqlstate(), true);
}

}  // namespace pgmirror::libpq

#include "libpq/pipeline.hpp"

#include <poll.h>

#include <cerrno>
#include <cstdint>
#include <vector>

namespace pgmirror::libpq {

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
  expected_.push_back(Answer::statement);
  unsent_ = true;
}

void Pipeline::end_unit() {
  if (PQpipelineSync(native_) != 1) fail();
  expected_.push_back(Answer::end_of_unit);
  flush();
}

void Pipeline::flush() {
  const int left = PQflush(native_);
  if (left < 0) fail();
  unsent_ = left > 0;
}

Pipeline::Received Pipeline::receive(std::chrono::milliseconds timeout) {
  if (expected_.empty()) return {};
  if (unsent_) flush();
  while (PQisBusy(native_) == 1) {
    Pipeline* const only = this;
    if (!wait({&only, 1}, timeout)) return {};
  }
  PGresult* result = PQgetResult(native_);
  if (result == nullptr) fail();
  Received received{.answer = expected_.front(), .result = Result(result)};
  const bool marker = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
  if (marker != (received.answer == Answer::end_of_unit)) fail();
  expected_.pop_front();
  if (!marker) {
    // Each statement's results end with a null.
    while (PGresult* more = PQgetResult(native_)) PQclear(more);
  }
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

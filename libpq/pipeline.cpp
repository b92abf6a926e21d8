#include "libpq/pipeline.hpp"

#include <poll.h>

#include <cerrno>

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
    if (!wait(timeout)) return {};
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

bool Pipeline::wait(std::chrono::milliseconds timeout) {
  pollfd descriptor{.fd = PQsocket(native_), .events = POLLIN, .revents = 0};
  if (unsent_) descriptor.events |= POLLOUT;
  const int ready = poll(&descriptor, 1, static_cast<int>(timeout.count()));
  if (ready < 0 && errno != EINTR) fail();
  if (ready <= 0) return false;
  if ((descriptor.revents & POLLOUT) != 0) flush();
  if (PQconsumeInput(native_) != 1) fail();
  return true;
}

void Pipeline::fail() const {
  const DatabaseError error = connection_.error(nullptr);
  throw DatabaseError(error.what(), error.sqlstate(), true);
}

}  // namespace pgmirror::libpq

#pragma once

#include <chrono>
#include <deque>
#include <span>
#include <string>

#include "libpq/connection.hpp"
#include "libpq/parameters.hpp"
#include "libpq/result.hpp"

namespace pgmirror::libpq {

/// libpq's pipeline mode on one connection: statements are sent without waiting, and every answer is read and matched.
///
/// While it exists the connection must not be used otherwise. One thread. Works through a transaction pooler: unnamed
/// statements only. COPY is not possible in a pipeline (manual, "Pipeline Mode").
class Pipeline {
 public:
  /// Throws DatabaseError.
  explicit Pipeline(Connection& connection);
  /// Leaves pipeline mode; only possible when nothing is outstanding, else the connection is to be thrown away.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Queues one statement; does not block. Throws DatabaseError when the connection is lost.
  void send(const std::string& sql, const Parameters& parameters);
  /// Marks the end of a unit: after an error the server skips what follows, up to here. Sends as flush() does.
  void end_unit();
  /// Sends what is queued, as far as the line takes it at once; the rest goes while answers are waited for.
  void flush();

  enum class Answer { none, statement, end_of_unit };
  struct Received {
    Answer answer = Answer::none;
    Result result{nullptr};
  };
  /// The next answer, in the order of sending; waits at most `timeout`, moving bytes both ways meanwhile. A statement's
  /// own failure is in its result (PGRES_FATAL_ERROR, or PGRES_PIPELINE_ABORTED for those skipped). Throws
  /// DatabaseError when the connection is lost.
  Received receive(std::chrono::milliseconds timeout);

  /// Moves bytes both ways on all of them until something has come on one; false after `timeout`. Throws DatabaseError
  /// when one of the connections is lost.
  static bool wait(std::span<Pipeline* const> pipelines, std::chrono::milliseconds timeout);

  bool outstanding() const { return !expected_.empty(); }

 private:
  [[noreturn]] void fail() const;

  Connection& connection_;
  PGconn* native_;
  std::deque<Answer> expected_;
  bool unsent_ = false;
};

}  // namespace pgmirror::libpq

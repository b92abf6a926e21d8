#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "libpq/connection.hpp"
#include "libpq/parameters.hpp"
#include "libpq/result.hpp"

namespace pgmirror::libpq {

/// libpq's pipeline mode on one connection: statements are sent without waiting, and every answer is read and matched.
///
/// While it exists the connection must not be used otherwise. One thread. Works through a transaction pooler: unnamed
/// statements only. COPY is not possible in a pipeline (manual, "Pipeline Mode"): for one the mode is left until its
/// answer has come.
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
  /// Queues statements without results of interest that end with a COPY FROM STDIN, separated by `;`, and all of its
  /// data. Only while nothing is outstanding(); nothing can be queued behind it before its answer, which is the COPY's
  /// or the first error, and no end of a unit. Nothing of the data goes before the server has asked for it.
  void copy(const std::string& sql, std::string data);
  /// The answer of a copy() is still to come.
  bool copying() const { return copy_ != nullptr; }

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
  struct Copy;

  [[noreturn]] void fail() const;
  void send_data();
  /// False when it needs more from the server or room on the line.
  bool take_answer_of_copy();

  Connection& connection_;
  PGconn* native_;
  std::deque<Answer> expected_;
  bool unsent_ = false;
  std::unique_ptr<Copy> copy_;
};

}  // namespace pgmirror::libpq

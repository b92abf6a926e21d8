#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "libpq/connection.hpp"
#include "libpq/parameters.hpp"
#include "libpq/result.hpp"

namespace pgmirror::libpq {

/// libpq's pipeline mode on one connection: statements are sent without waiting, and every answer is read and matched.
///
/// While it exists the connection must not be used otherwise. One thread. Works through a transaction pooler but for
/// send_repeated(): its other statements are unnamed. COPY is not possible in a pipeline (manual, "Pipeline Mode"): for
/// one the mode is left until its answer has come.
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
  /// The same for one that comes again and again: the second time it is prepared, and the server parses it no more; nor
  /// does it plan it again where plan_cache_mode says so. Only in sessions that are the connection's alone.
  void send_repeated(const std::string& sql, const Parameters& parameters);
  /// Takes nothing for prepared any more: the caller sends DEALLOCATE ALL before it repeats anything.
  void forget_prepared();
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
  /// own failure, or that of preparing it, is in its result (PGRES_FATAL_ERROR, or PGRES_PIPELINE_ABORTED for those
  /// skipped). Throws DatabaseError when the connection is lost.
  Received receive(std::chrono::milliseconds timeout);

  /// Moves bytes both ways on all of them until something has come on one; false after `timeout`. Throws DatabaseError
  /// when one of the connections is lost.
  static bool wait(std::span<Pipeline* const> pipelines, std::chrono::milliseconds timeout);

  bool outstanding() const { return !expected_.empty(); }

 private:
  struct Copy;
  enum class Awaited { preparation, statement, end_of_unit };

  [[noreturn]] void fail() const;
  /// False when it has not come within `timeout`.
  bool await_answer(std::chrono::milliseconds timeout);
  Received take_answer_of_copy();
  void send_data();
  /// False when it needs more from the server or room on the line.
  bool advance_copy();

  Connection& connection_;
  PGconn* native_;
  std::deque<Awaited> expected_;
  Result failed_preparation_{nullptr};                     ///< the answer to the statement that it was for
  std::unordered_map<std::string, std::string> repeated_;  ///< by statement and types: its name, empty the first time
  std::size_t prepared_ = 0;
  bool unsent_ = false;
  std::unique_ptr<Copy> copy_;
};

}  // namespace pgmirror::libpq

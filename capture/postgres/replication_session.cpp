#include "capture/postgres/replication_session.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "capture/postgres/decoding_memory.hpp"
#include "capture/postgres/log_position.hpp"
#include "capture/postgres/publication_list.hpp"
#include "capture/postgres/replication_frame.hpp"
#include "capture/postgres/source_session.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;

change::CommitTime now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// A string of the replication grammar, which knows no backslashes.
std::string grammar_string(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

}  // namespace

ReplicationSession::ReplicationSession(const config::ConnectionSettings& settings, std::string_view application_name)
    : connection_(open_replication_session(settings, application_name)) {}

CreatedSlot ReplicationSession::create_slot(const std::string& name, Life life, const std::stop_token& stop,
                                            const std::function<void()>& waiting) {
  PGconn* const native = connection_.native();
  const std::string command = fmt::format("CREATE_REPLICATION_SLOT {} {}LOGICAL pgoutput EXPORT_SNAPSHOT",
                                          libpq::quote_identifier(name), life == Life::session ? "TEMPORARY " : "");
  if (PQsendQuery(native, command.c_str()) != 1) throw connection_.error(nullptr);
  auto next_word = std::chrono::steady_clock::now() + 5s;
  while (PQisBusy(native) == 1) {
    pollfd descriptor{.fd = PQsocket(native), .events = POLLIN, .revents = 0};
    if (::poll(&descriptor, 1, 100) < 0 && errno != EINTR) throw connection_.error(nullptr);
    if (descriptor.revents != 0 && PQconsumeInput(native) != 1) throw connection_.error(nullptr);
    if (stop.stop_requested()) connection_.cancel();
    if (std::chrono::steady_clock::now() < next_word) continue;
    waiting();
    next_word += 5s;
  }
  const libpq::Result result(PQgetResult(native));
  if (PQresultStatus(result.native()) != PGRES_TUPLES_OK) {
    const libpq::DatabaseError refused = connection_.error(result.native());
    while (PGresult* rest = PQgetResult(native)) PQclear(rest);
    throw refused;
  }
  while (PGresult* rest = PQgetResult(native)) PQclear(rest);
  // slot_name, consistent_point, snapshot_name, output_plugin
  return {.consistent_point = parse_log_position(result.text(0, 1)), .snapshot = std::string(result.text(0, 2))};
}

void ReplicationSession::stream(const std::string& slot, change::Position after,
                                const std::vector<std::string>& publications) {
  raise_decoding_memory(connection_);
  const std::string command =
      fmt::format("START_REPLICATION SLOT {} LOGICAL {} (proto_version '1', publication_names {})",
                  libpq::quote_identifier(slot), to_string(after), grammar_string(publication_list(publications)));
  const libpq::Result result(PQexec(connection_.native(), command.c_str()));
  if (PQresultStatus(result.native()) != PGRES_COPY_BOTH) throw connection_.error(result.native());
  if (PQsetnonblocking(connection_.native(), 1) != 0) throw connection_.error(nullptr);
}

StreamChunk ReplicationSession::receive() {
  PGconn* const native = connection_.native();
  StreamChunk chunk;
  const bool alive = PQconsumeInput(native) == 1;
  for (;;) {
    char* frame = nullptr;
    const int size = PQgetCopyData(native, &frame, 1);
    StreamChunk::LibpqBuffer buffer(frame, &PQfreemem);
    if (size > 0) {
      chunk.add(std::move(buffer), static_cast<std::size_t>(size));
      continue;
    }
    ended_ = size != 0 || !alive;
    // What arrived before the end is given out first; the end is met again by the next call.
    if (!chunk.empty() || !ended_) return chunk;
    const libpq::Result end(size == 0 ? nullptr : PQgetResult(native));
    const auto status = PQresultStatus(end.native());
    const auto error = connection_.error(status == PGRES_FATAL_ERROR ? end.native() : nullptr);
    throw libpq::DatabaseError(error.what(), error.sqlstate(), true);
  }
}

bool ReplicationSession::send_status(change::Position durable, bool request_reply) {
  const std::string update = status_update(durable, now(), request_reply);
  if (PQputCopyData(connection_.native(), update.data(), static_cast<int>(update.size())) < 0) {
    // The server has ended the stream, and its reason waits to be read behind what it sent before.
    ended_ = true;
    return false;
  }
  return send_rest();
}

bool ReplicationSession::send_rest() {
  const int left = PQflush(connection_.native());
  if (left < 0) throw connection_.error(nullptr);
  return left > 0;
}

int ReplicationSession::socket() const { return PQsocket(connection_.native()); }

void ReplicationSession::end_stream() {
  if (PQputCopyEnd(connection_.native(), nullptr) == 1) PQflush(connection_.native());
}

}  // namespace pgmirror::capture::postgres

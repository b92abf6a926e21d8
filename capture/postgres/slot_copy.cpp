#include "capture/postgres/slot_copy.hpp"

#include <utility>

#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/decoding_memory.hpp"
#include "capture/postgres/server_versions.hpp"
#include "capture/postgres/source_session.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// Says so however it ended.
class Tried {
 public:
  explicit Tried(std::promise<void>& tried) : tried_(tried) {}
  ~Tried() { tried_.set_value(); }
  Tried(const Tried&) = delete;
  Tried& operator=(const Tried&) = delete;

 private:
  std::promise<void>& tried_;
};

}  // namespace

SlotCopying::SlotCopying(const config::ConnectionSettings& settings, const std::string& slot, Memory memory,
                         const std::shared_future<void>& before)
    : copy_(std::async(std::launch::async, [this, settings, slot, memory, before] {
        const Tried tried(try_);
        libpq::Connection connection = open_source_session(settings, "pgmirror backlog");
        if (before.valid()) before.wait();
        const ConnectionBreaker::Guard guard(breaker_, PQsocket(connection.native()));
        if (abandoned_) throw libpq::DatabaseError("reading of the backlog was given up", {}, true);
        if (memory == Memory::raised) raise_decoding_memory(connection);
        raise_result_memory(connection);
        // A server process whose client has gone would keep its slot until it comes to send.
        if (connection.server_version() >= since::connection_check)
          connection.execute("SET client_connection_check_interval = 1000");
        std::string name(connection.execute(copy_slot_sql(slot)).text(0, 0));
        return SlotCopy{.connection = std::move(connection), .slot = std::move(name)};
      })) {}

void SlotCopying::abandon() {
  abandoned_ = true;
  breaker_.break_connection();
}

}  // namespace pgmirror::capture::postgres

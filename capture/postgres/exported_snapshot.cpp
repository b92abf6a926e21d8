#include "capture/postgres/exported_snapshot.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <random>

namespace pgmirror::capture::postgres {

ExportedSnapshot::ExportedSnapshot(const config::ConnectionSettings& settings, const std::stop_token& stop)
    : session_(settings, "pgmirror snapshot"),
      slot_(session_.create_slot(fmt::format("pgmirror_copy_{:08x}", std::random_device{}()),
                                 ReplicationSession::Life::session, stop, [] {
                                   spdlog::info(
                                       "[MirrorCopy] The snapshot waits for transactions of the source that "
                                       "were open before it");
                                 })) {}

}  // namespace pgmirror::capture::postgres

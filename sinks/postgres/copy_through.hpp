#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// Whether the source's rows can go to this table as COPY gives them, without being taken apart here.
bool can_copy_through(const change::Snapshot& snapshot, const MirrorTable& table);

/// Sends the rows of one part of `table` inside the caller's transaction; `progress` hears of rows sent. Returns how
/// many there were, none where `stop` was requested: roll back then. One thread; throws what either side throws.
std::optional<std::uint64_t> copy_through(libpq::Connection& connection, change::Snapshot& snapshot,
                                          const MirrorTable& table, const change::TablePart& part,
                                          const std::function<void(std::uint64_t)>& progress,
                                          const std::stop_token& stop);

/// For a mirror that counts other rows than were sent.
[[noreturn]] void refuse_swallowed_rows(const MirrorTable& table, std::uint64_t sent, std::uint64_t counted);

}  // namespace pgmirror::sinks::postgres

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/postgres/backlog_steps.hpp"

namespace pgmirror::capture::postgres {

/// Copies out what a slot would stream next, as far as `step` says, in the same messages, without moving the slot. In
/// binary form (manual, COPY, "Binary Format"), one column.
std::string copy_backlog_sql(const std::string& slot, const BacklogStep& step,
                             const std::vector<std::string>& publications);

/// The messages of the output plugin in one CopyData message of that statement. `first`: it is the first one, which
/// has the header before its row. Throws MalformedMessage (frame_reader.hpp).
void each_copied_message(std::string_view bytes, bool first, const std::function<void(std::string_view)>& consume);

/// Moves a slot that nobody streams, as an acknowledgement would.
std::string advance_slot_sql(const std::string& slot, change::Position durable);

}  // namespace pgmirror::capture::postgres

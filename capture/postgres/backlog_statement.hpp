#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/postgres/backlog_steps.hpp"
#include "libpq/result.hpp"

namespace pgmirror::capture::postgres {

/// Makes a slot that stands where `slot` does and goes with the session; answers with its name.
std::string copy_slot_sql(const std::string& slot);

/// Answers with what read_backlog() reads, which throws DatabaseError where the server has taken the slot away.
std::string backlog_sql(const std::string& slot);
Backlog read_backlog(const libpq::Result& answer);

/// Copies out what a slot would stream next, as far as `step` says, in the same messages, and moves the slot behind it
/// before anything is sent. In binary form (manual, COPY, "Binary Format"), one column.
std::string copy_backlog_sql(const std::string& slot, const BacklogStep& step,
                             const std::vector<std::string>& publications);

/// The messages of the output plugin in one CopyData message of that statement. `first`: it is the first one, which
/// has the header before its row. True at the end of the copy. Throws MalformedMessage (frame_reader.hpp).
bool each_copied_message(std::string_view bytes, bool first, const std::function<void(std::string_view)>& consume);

/// Moves a slot that nobody streams, as an acknowledgement would. Answers with where it stands then.
std::string advance_slot_sql(const std::string& slot, change::Position durable);

}  // namespace pgmirror::capture::postgres

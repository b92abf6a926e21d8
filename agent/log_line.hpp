#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pgmirror::agent {

using LogTime = std::chrono::system_clock::time_point;

/// `2026-11-20T03:50:31.123Z`: UTC, milliseconds, sorts as text.
std::string utc_timestamp(LogTime time);

/// `2026-11-20T03:50:31.123Z info  [MirrorCopy] text`, without line end. Control characters of `message` come out
/// escaped
/// (`\n`, `\x1b`), so that no message can pass for two or repaint a terminal.
std::string text_log_line(LogTime time, std::string_view level, std::string_view message);

/// One JSON object with `ts`, `level`, `component` (the leading `[tag]`, left out where there is none) and `msg` (what
/// follows the tag), without line end. Bytes that are not UTF-8 come out as U+FFFD.
std::string json_log_line(LogTime time, std::string_view level, std::string_view message);

}  // namespace pgmirror::agent

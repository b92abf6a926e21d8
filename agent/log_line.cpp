#include "agent/log_line.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pgmirror::agent {
namespace {

std::string escape_controls(std::string_view message) {
  std::string escaped;
  escaped.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      escaped += c;
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else if (c == '\t') {
      escaped += "\\t";
    } else {
      fmt::format_to(std::back_inserter(escaped), "\\x{:02x}", byte);
    }
  }
  return escaped;
}

}  // namespace

std::string utc_timestamp(LogTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     milliseconds);
}

std::string text_log_line(LogTime time, std::string_view level, std::string_view message) {
  return fmt::format("{} {:<5} {}", utc_timestamp(time), level, escape_controls(message));
}

std::string json_log_line(LogTime time, std::string_view level, std::string_view message) {
  nlohmann::ordered_json line;
  line["ts"] = utc_timestamp(time);
  line["level"] = level;
  const std::size_t end = message.find("] ");
  if (message.starts_with('[') && end != std::string_view::npos && end > 1) {
    line["component"] = message.substr(1, end - 1);
    message.remove_prefix(end + 2);
  }
  line["msg"] = message;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pgmirror::agent

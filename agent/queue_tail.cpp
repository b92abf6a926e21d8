#include "agent/queue_tail.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/change_line.hpp"
#include "agent/exit_code.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

/// So that a client that has hung up while nothing happens is noticed.
constexpr std::chrono::milliseconds heartbeat{2000};

std::optional<std::uint64_t> hexadecimal(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || number > 0xffffffff) return std::nullopt;
  return number;
}

/// As to_string(Position) writes it.
change::Position position_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto high = hexadecimal(std::string_view(text).substr(0, slash));
    const auto low = hexadecimal(std::string_view(text).substr(slash + 1));
    if (high && low) return {(*high << 32U) | *low};
  }
  throw ControlRefusal(fmt::format("position \"{}\": is not of the form 0/2A00", text),
                       static_cast<int>(ExitCode::usage));
}

change::Position start_of(const queue::ChangeQueue& queue, const json& request, bool follow) {
  if (request.contains("from")) return position_of(request["from"].get<std::string>());
  return follow ? queue.end() : queue.begin_position();
}

}  // namespace

json tail_queue(const queue::ChangeQueue& queue, const json& request, const ControlServer::Progress& progress,
                const std::stop_token& stop) {
  const bool follow = request.value("follow", false);
  const ShownCells cells = request.value("values", false) ? ShownCells::all : ShownCells::key;
  queue::Cursor cursor = queue.open_cursor(start_of(queue, request, follow));
  while (!stop.stop_requested()) {
    if (const queue::Item* item = cursor.next()) {
      progress(change_line(*item, cells));
    } else if (!follow) {
      break;
    } else if (!cursor.wait(stop, heartbeat)) {
      progress(nullptr);
    }
  }
  return json::object();
}

}  // namespace pgmirror::agent

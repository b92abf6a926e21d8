#include "agent/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/plain_figure.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

enum class Tone { plain, good, bad, busy, faint };

class Painter {
 public:
  explicit Painter(Colour colour) : colour_(colour) {}

  std::string operator()(Tone tone, const std::string& text) const {
    if (colour_ == Colour::no || tone == Tone::plain) return text;
    const char* code = tone == Tone::good ? "32" : tone == Tone::bad ? "31" : tone == Tone::busy ? "33" : "2";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
  }

 private:
  Colour colour_;
};

std::string text_of(const json& value, const char* otherwise) {
  return value.is_string() ? value.get<std::string>() : otherwise;
}

Tone tone_of_state(const std::string& state) {
  if (state == "streaming" || state == "live") return Tone::good;
  if (state == "failed" || state == "stopped" || state == "waiting") return Tone::bad;
  return Tone::busy;
}

std::string lag_text(const json& mirror) {
  const json& backlog = mirror["backlog"];
  const std::string transactions = backlog["transactions"].is_number()
                                       ? fmt::format("{} transactions", backlog["transactions"].get<std::uint64_t>())
                                       : "an unknown number of transactions";
  if (mirror["position"].is_null()) return "has nothing yet";
  if (mirror["lag_seconds"].is_null()) return transactions + " behind";
  if (backlog["transactions"] == 0) return "up to date";
  return fmt::format("{} behind ({}, {})", duration_text(mirror["lag_seconds"].get<double>()), transactions,
                     bytes_text(backlog["bytes"].get<std::uint64_t>()));
}

void add_troubles(std::string& text, const json& status, const Painter& paint) {
  for (const json& trouble : status["troubles"]) {
    text += paint(Tone::bad, "! " + trouble.get<std::string>()) + "\n";
  }
  if (!status["troubles"].empty()) text += "\n";
}

void add_agent(std::string& text, const json& status, const Painter& paint) {
  const json& agent = status["agent"];
  if (!agent["running"].get<bool>()) {
    text += "Agent   " + paint(Tone::bad, "none runs") + "\n";
    return;
  }
  const std::string phase = agent["phase"].get<std::string>();
  text += fmt::format("Agent   {} since {}, version {}, process {}\n",
                      paint(phase == "running" ? Tone::good : Tone::busy, phase), agent["started"].get<std::string>(),
                      agent["version"].get<std::string>(), agent["pid"].get<int>());
}

void add_queue(std::string& text, const json& queue) {
  if (queue.is_null()) {
    text += "Queue   none yet\n";
    return;
  }
  const auto bytes = queue["bytes"].get<std::uint64_t>();
  const auto budget = queue["budget_bytes"].get<std::uint64_t>();
  text += fmt::format("Queue   {} of {} ({:.0f} %), {} segments", bytes_text(bytes), bytes_text(budget),
                      budget == 0 ? 0.0 : 100.0 * static_cast<double>(bytes) / static_cast<double>(budget),
                      queue["segments"].get<std::size_t>());
  if (queue["oldest_commit"].is_string()) text += ", back to " + queue["oldest_commit"].get<std::string>();
  text += "\n";
}

/// Columns wide enough for their longest cell; the last is as wide as it likes.
void add_table(std::string& text, const std::vector<std::vector<std::string>>& rows, const std::vector<Tone>& tones,
               const Painter& paint) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (std::size_t line = 0; line < rows.size(); ++line) {
    std::string shown = "  ";
    for (std::size_t i = 0; i < rows[line].size(); ++i) {
      const std::string cell = fmt::format("{:<{}}", rows[line][i], widths[i]);
      shown += (i == 1 ? paint(tones[line], cell) : cell) + "  ";
    }
    shown.erase(shown.find_last_not_of(' ') + 1);
    text += shown + "\n";
  }
}

void add_tables(std::string& text, const json& tables, const Painter& paint) {
  if (tables.empty()) return;
  std::vector<std::vector<std::string>> rows{{"TABLE", "STATE", "CHANGES", ""}};
  std::vector<Tone> tones{Tone::plain};
  for (const json& table : tables) {
    const std::string state = table["state"].get<std::string>();
    std::string remark = text_of(table["last_error"], "");
    if (table["skipped"].get<std::uint64_t>() > 0) {
      remark = fmt::format("{} changes left out; {}", table["skipped"].get<std::uint64_t>(), remark);
    }
    rows.push_back({table["schema"].get<std::string>() + "." + table["name"].get<std::string>(), state,
                    count_text(table["changes"].get<std::uint64_t>()), remark});
    tones.push_back(tone_of_state(state));
  }
  add_table(text, rows, tones, paint);
}

/// `120,000 of 480,000 rows, 92,307 rows/s, 4 s left`
std::string amount_text(const json& amount) {
  std::string text = count_text(amount["rows"].get<std::uint64_t>());
  if (amount["expected_rows"].is_number()) text += " of " + count_text(amount["expected_rows"].get<std::uint64_t>());
  const auto speed = static_cast<std::uint64_t>(amount["rows_per_second"].get<double>());
  text += fmt::format(" rows, {} rows/s", count_text(speed));
  if (amount["seconds_left"].is_number()) text += ", " + duration_text(amount["seconds_left"].get<double>()) + " left";
  return text;
}

void add_copy(std::string& text, const json& copy) {
  if (!copy.is_object()) return;
  if (copy["table"].is_string())
    text += fmt::format("  copying {}: {}\n", copy["table"].get<std::string>(), amount_text(copy));
  text += fmt::format("  copied in all: {}\n", amount_text(copy["all"]));
  if (copy["waiting"].empty()) return;
  text += "  still to be copied:";
  for (const json& table : copy["waiting"]) text += " " + table.get<std::string>();
  text += "\n";
}

void add_mirror(std::string& text, const json& mirror, const Painter& paint) {
  const std::string state = mirror["state"].get<std::string>();
  text += fmt::format("\nMirror  {} ({}): {}, {}\n", mirror["name"].get<std::string>(),
                      mirror["address"].get<std::string>(), paint(tone_of_state(state), state), lag_text(mirror));
  if (mirror["reason"].is_string()) text += "  " + mirror["reason"].get<std::string>() + "\n";
  if (mirror["next_attempt"].is_string()) {
    text += fmt::format("  attempt {} failed, next at {}\n", mirror["attempts"].get<unsigned>(),
                        mirror["next_attempt"].get<std::string>());
  }
  text += fmt::format("  at {}, last commit {}", text_of(mirror["position"], "the beginning"),
                      text_of(mirror["commit_time"], "unknown"));
  if (!mirror["applied"].is_null()) {
    text += fmt::format(", {} rows in {} transactions applied",
                        count_text(mirror["applied"]["changes"].get<std::uint64_t>()),
                        count_text(mirror["applied"]["transactions"].get<std::uint64_t>()));
  }
  text += "\n";
  if (mirror["proven_equal_at"].is_string()) {
    text += "  proven equal at " + mirror["proven_equal_at"].get<std::string>() + "\n";
  }
  add_copy(text, mirror.value("copy", json()));
  add_tables(text, mirror["tables"], paint);
}

}  // namespace

std::string status_text(const json& status, Colour colour) {
  const Painter paint(colour);
  std::string text;
  add_troubles(text, status, paint);
  add_agent(text, status, paint);
  const json& source = status["source"];
  const json retained = source.value("retained_bytes", json());
  text += fmt::format(
      "Source  {} (by {}), captured up to {}{}\n", source["url"].get<std::string>(),
      source.value("method", std::string("an agent of another version")), text_of(source["position"], "nothing yet"),
      retained.is_null() ? std::string() : fmt::format(", keeps {} for it", bytes_text(retained.get<std::uint64_t>())));
  add_queue(text, status["queue"]);
  for (const json& mirror : status["mirrors"]) add_mirror(text, mirror, paint);
  return text;
}

std::string status_line(const json& status) {
  std::string line = status["at"].get<std::string>();
  if (!status["queue"].is_null()) line += " queue " + bytes_text(status["queue"]["bytes"].get<std::uint64_t>());
  for (const json& mirror : status["mirrors"]) {
    line += fmt::format(", {} {} {}", mirror["name"].get<std::string>(), mirror["state"].get<std::string>(),
                        lag_text(mirror));
  }
  if (!status["troubles"].empty()) {
    line += fmt::format(", {} trouble{}: {}", status["troubles"].size(), status["troubles"].size() == 1 ? "" : "s",
                        status["troubles"].front().get<std::string>());
  }
  return line;
}

}  // namespace pgmirror::agent

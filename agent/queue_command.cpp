#include "agent/queue_command.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/command_config.hpp"
#include "agent/log_line.hpp"
#include "agent/plain_figure.hpp"
#include "agent/state_directory.hpp"
#include "queue/inspection.hpp"

namespace pgmirror::agent {

using nlohmann::json;
using queue::QueueReport;
using queue::SegmentReport;

namespace {

std::string time_text(const std::optional<change::CommitTime>& time) {
  return time ? utc_timestamp(std::chrono::time_point_cast<LogTime::duration>(*time)) : std::string("-");
}

json time_json(const std::optional<change::CommitTime>& time) { return time ? json(time_text(time)) : json(nullptr); }

json segment_json(const SegmentReport& segment) {
  return {{"file", segment.file},
          {"sequence", segment.sequence},
          {"sealed", segment.sealed},
          {"file_bytes", segment.file_bytes},
          {"stored_bytes", segment.stored_bytes},
          {"raw_bytes", segment.raw_bytes},
          {"blocks", segment.blocks},
          {"transactions", segment.transactions},
          {"changes", segment.changes},
          {"after", to_string(segment.after)},
          {"last", to_string(segment.last)},
          {"first_commit", time_json(segment.first_commit)},
          {"last_commit", time_json(segment.last_commit)}};
}

json to_json(const QueueReport& report) {
  json segments = json::array();
  for (const SegmentReport& segment : report.segments) segments.push_back(segment_json(segment));
  json damage = nullptr;
  if (report.damage) {
    damage = {{"file", report.damage->file}, {"offset", report.damage->offset}, {"what", report.damage->what}};
  }
  return {{"format_version", report.format_version}, {"source", report.source.text}, {"held", report.held},
          {"tail_bytes", report.tail_bytes},         {"damage", std::move(damage)},  {"segments", std::move(segments)}};
}

void print_text(const QueueReport& report, queue::Depth depth) {
  fmt::print("Queue of {}, format {}, {}\n", report.source.text, report.format_version,
             report.held ? "an agent runs on it" : "no agent runs on it");
  std::uint64_t bytes = 0;
  std::uint64_t transactions = 0;
  std::uint64_t changes = 0;
  for (const SegmentReport& segment : report.segments) {
    bytes += segment.file_bytes;
    transactions += segment.transactions;
    changes += segment.changes;
    fmt::print("  {}  {:>10}  {:>9} transactions  {:>10} changes  {} to {}  {}  {}\n", segment.file,
               bytes_text(segment.file_bytes), count_text(segment.transactions), count_text(segment.changes),
               to_string(segment.after), to_string(segment.last), time_text(segment.last_commit),
               segment.sealed ? "sealed" : "open");
  }
  fmt::print("{} segments, {}, {} transactions, {} changes\n", report.segments.size(), bytes_text(bytes),
             count_text(transactions), count_text(changes));
  if (report.tail_bytes > 0) {
    fmt::print("{} bytes behind the last whole block: {}\n", report.tail_bytes,
               report.held ? "being written" : "a write that a crash cut short, the next agent removes them");
  }
  if (report.damage) {
    fmt::print("DAMAGED: {} at offset {}: {}; stop the agent, then restore the file or run \"pgmirror resync --all\"\n",
               report.damage->file, report.damage->offset, report.damage->what);
  } else {
    fmt::print("{}\n", depth == queue::Depth::contents ? "every block was read and is whole"
                                                       : "segments follow each other as they should");
  }
}

ExitCode look(const config::Flags& flags, bool as_json, queue::Depth depth) {
  const config::Config config = command_config(flags);
  const std::filesystem::path directory = queue_directory(config.state_dir);
  if (!std::filesystem::exists(directory)) {
    fmt::print(stderr, "queue {}: does not exist yet; the first \"pgmirror run\" makes it\n", directory.string());
    return ExitCode::failure;
  }
  const QueueReport report = queue::inspect(directory, depth);
  if (as_json) {
    fmt::print("{}\n", to_json(report).dump(2, ' ', false, json::error_handler_t::replace));
  } else {
    print_text(report, depth);
  }
  return report.damage ? ExitCode::failure : ExitCode::done;
}

}  // namespace

ExitCode queue_info_command(const config::Flags& flags, bool as_json) {
  return look(flags, as_json, queue::Depth::headers);
}

ExitCode queue_verify_command(const config::Flags& flags, bool as_json) {
  return look(flags, as_json, queue::Depth::contents);
}

}  // namespace pgmirror::agent

#include "agent/logging.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <stdexcept>

#include "agent/log_line.hpp"
#include "agent/redaction.hpp"

namespace pgmirror::agent {
namespace {

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
      return "error";
    default:
      return "fatal";
  }
}

spdlog::level::level_enum parse_level(const std::string& name) {
  for (const auto level :
       {spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err}) {
    if (level_name(level) == name) return level;
  }
  throw std::invalid_argument("log level \"" + name + "\" is none of trace, debug, info, warn, error");
}

/// A formatter and not a pattern: spdlog's patterns write the message as it is, which breaks JSON and lets a message
/// forge lines.
class LineFormatter : public spdlog::formatter {
 public:
  LineFormatter(config::LogFormat format, std::shared_ptr<const Redactor> redactor)
      : format_(format), redactor_(std::move(redactor)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string text = redactor_->redact({message.payload.data(), message.payload.size()});
    std::string line = format_ == config::LogFormat::json
                           ? json_log_line(message.time, level_name(message.level), text)
                           : text_log_line(message.time, level_name(message.level), text);
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_, redactor_);
  }

 private:
  config::LogFormat format_;
  std::shared_ptr<const Redactor> redactor_;
};

}  // namespace

void configure_logging(const config::Log& log, const std::vector<std::string>& secrets) {
  const auto level = parse_level(log.level);
  auto logger = std::make_shared<spdlog::logger>("pgmirror", std::make_shared<spdlog::sinks::stdout_sink_mt>());
  logger->set_formatter(std::make_unique<LineFormatter>(log.format, std::make_shared<const Redactor>(secrets)));
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace pgmirror::agent

#include "tests/support/mirror_program.hpp"

#include <sstream>

#include "tests/support/connection_text.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {

MirrorProgram::MirrorProgram(const std::filesystem::path& store, const config::ConnectionSettings& mirror,
                             const std::filesystem::path& state_directory)
    : environment_{{"DATABASE_MIRROR_ENABLED", "true"},
                   {"MIRROR_SOURCE_URL", "sqlite://" + store.string()},
                   {"MIRROR_STATE_DIR", state_directory.string()},
                   // Tests run beside each other; the default port would be taken.
                   {"MIRROR_HTTP_LISTEN", ""}},
      log_(state_directory.string() + ".log") {
  set_mirror(mirror);
}

MirrorProgram::MirrorProgram(const config::ConnectionSettings& source, const config::ConnectionSettings& mirror,
                             const std::filesystem::path& state_directory)
    : MirrorProgram(std::filesystem::path{}, mirror, state_directory) {
  set("MIRROR_SOURCE_URL", connection_url(source));
}

void MirrorProgram::set_mirror(const config::ConnectionSettings& mirror) {
  set("MIRROR_DB_URL", connection_url(mirror));
}

ProgramCall MirrorProgram::call(const std::vector<std::string>& arguments) const {
  ProgramCall call{.arguments = {PGMIRROR_PROGRAM}, .environment = environment_, .clean_environment = true};
  call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
  return call;
}

void MirrorProgram::start() {
  auto run = call({"run"});
  run.output = log_;
  agent_ = std::make_unique<ChildProcess>(std::move(run));
}

ProgramEnd MirrorProgram::stop() { return agent_->terminate(); }

void MirrorProgram::kill() { agent_->kill(); }

ProgramEnd MirrorProgram::wait(std::chrono::milliseconds patience) { return agent_->wait(patience); }

std::string MirrorProgram::fate() const {
  if (running()) return "running";
  std::ostringstream text;
  text << "ended with " << agent_->wait_for(std::chrono::milliseconds{0}).value_or(ProgramEnd{});
  return text.str();
}

FinishedProgram MirrorProgram::command(const std::vector<std::string>& arguments) const {
  return run_program(call(arguments), std::chrono::minutes{2});
}

std::string MirrorProgram::log() const { return file_text(log_); }

}  // namespace pgmirror::tests

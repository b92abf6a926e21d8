#include "agent/command_line.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace pgmirror::agent {
namespace {

struct Outcome {
  ExitCode code;
  std::string output;
  std::string errors;
};

Outcome run(const std::vector<const char*>& given) {
  std::vector<const char*> arguments{"pgmirror"};
  for (const char* argument : given) arguments.push_back(argument);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const ExitCode code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CommandLine, NamesTheCommandThatWasProbablyMeant) {
  const Outcome outcome = run({"statsu"});
  EXPECT_EQ(outcome.code, ExitCode::usage);
  EXPECT_TRUE(holds(outcome.errors, "did you mean \"status\"?")) << outcome.errors;
}

TEST(CommandLine, NamesTheFlagThatWasProbablyMeant) {
  const Outcome outcome = run({"status", "--wacth"});
  EXPECT_EQ(outcome.code, ExitCode::usage);
  EXPECT_TRUE(holds(outcome.errors, "did you mean \"--watch\"?")) << outcome.errors;
}

TEST(CommandLine, NamesThePartOfACommandThatWasProbablyMeant) {
  const Outcome outcome = run({"parked", "lsit"});
  EXPECT_EQ(outcome.code, ExitCode::usage);
  EXPECT_TRUE(holds(outcome.errors, "did you mean \"list\"?")) << outcome.errors;
}

TEST(CommandLine, AsksForACommand) {
  EXPECT_EQ(run({}).code, ExitCode::usage);
  EXPECT_EQ(run({"queue"}).code, ExitCode::usage);
}

TEST(CommandLine, ResyncWantsToKnowWhat) {
  EXPECT_EQ(run({"resync"}).code, ExitCode::usage);
  EXPECT_EQ(run({"resync", "users", "--all"}).code, ExitCode::usage);
}

TEST(CommandLine, ParkedWantsANumber) {
  EXPECT_EQ(run({"parked", "retry"}).code, ExitCode::usage);
  EXPECT_EQ(run({"parked", "retry", "first"}).code, ExitCode::usage);
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
  EXPECT_TRUE(holds(run({"--help"}).output, "doctor"));
  EXPECT_EQ(run({"--help"}).code, ExitCode::done);
  EXPECT_EQ(run({"status", "--help"}).code, ExitCode::done);
  EXPECT_EQ(run({"version"}).output, "pgmirror " PGMIRROR_VERSION "\n");
}

TEST(CommandLine, WrongConfigurationHasACodeOfItsOwn) {
  const Outcome outcome = run({"status", "--source-url", "sqlite:///x.db", "--mirror-url", "mysql://h/d"});
  EXPECT_EQ(outcome.code, ExitCode::configuration) << outcome.errors;
}

class WithoutAgent : public testing::Test {
 protected:
  Outcome command(std::vector<const char*> arguments) {
    for (const char* more : {"--source-url", "sqlite:///nowhere/app.db", "--mirror-url",
                             "postgresql://nobody@127.0.0.1:1/none?sslmode=disable", "--state-dir", state_.c_str()}) {
      arguments.push_back(more);
    }
    return run(arguments);
  }
  tests::TemporaryDirectory directory_;
  std::string state_ = (directory_ / "state").string();
};

TEST_F(WithoutAgent, OrdersAreATemporaryFailure) {
  for (const char* order : {"pause", "resume", "tail"}) {
    const Outcome outcome = command({order});
    EXPECT_EQ(outcome.code, ExitCode::temporary_failure) << order;
    EXPECT_TRUE(holds(outcome.errors, "no agent answers")) << outcome.errors;
  }
  EXPECT_EQ(command({"resync", "users"}).code, ExitCode::temporary_failure);
}

TEST_F(WithoutAgent, HealthIsRedAndSaysWhy) {
  const Outcome outcome = command({"health"});
  EXPECT_EQ(outcome.code, ExitCode::failure);
  EXPECT_TRUE(holds(outcome.output, "no agent answers")) << outcome.output;
}

TEST_F(WithoutAgent, StatusSaysWhatItCan) {
  const Outcome outcome = command({"status"});
  EXPECT_EQ(outcome.code, ExitCode::temporary_failure);
  EXPECT_TRUE(holds(outcome.output, "! no agent runs on " + state_)) << outcome.output;
  EXPECT_TRUE(holds(outcome.output, "unreachable")) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(state_)) << "looking makes nothing";
}

TEST_F(WithoutAgent, ParkedIsATemporaryFailureWhileTheMirrorIsAway) {
  EXPECT_EQ(command({"parked", "list"}).code, ExitCode::temporary_failure);
}

TEST_F(WithoutAgent, QueueSaysThatThereIsNone) { EXPECT_EQ(command({"queue", "info"}).code, ExitCode::failure); }

TEST_F(WithoutAgent, DoctorFindsWhatIsMissing) {
  const Outcome outcome = command({"doctor"});
  EXPECT_EQ(outcome.code, ExitCode::failure);
  EXPECT_TRUE(holds(outcome.output, "error    source:")) << outcome.output;
  EXPECT_TRUE(holds(outcome.output, "error    mirror \"mirror\":")) << outcome.output;
}

TEST_F(WithoutAgent, StartingOverIsLeftAsAnOrder) {
  const Outcome outcome = command({"resync", "--all"});
  EXPECT_EQ(outcome.code, ExitCode::done) << outcome.errors;
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(state_) / "start_over"));
}

TEST(Disabled, IsHealthy) {
  ::setenv("DATABASE_MIRROR_ENABLED", "false", 1);
  const Outcome health = run({"health"});
  const Outcome status = run({"status"});
  ::unsetenv("DATABASE_MIRROR_ENABLED");
  EXPECT_EQ(health.code, ExitCode::done);
  EXPECT_EQ(status.code, ExitCode::configuration);
  EXPECT_TRUE(holds(status.errors, "DATABASE_MIRROR_ENABLED")) << status.errors;
}

}  // namespace
}  // namespace pgmirror::agent

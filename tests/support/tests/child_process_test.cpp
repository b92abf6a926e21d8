#include "tests/support/child_process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

TEST(ChildProcess, GivesExitCodeAndBothOutputs) {
  const auto finished = run_program({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(finished.end, (ProgramEnd{3, 0}));
  EXPECT_EQ(finished.output, "out\nerr\n");
}

TEST(ChildProcess, SeesTheEnvironmentItWasGiven) {
  const auto finished = run_program(
      {.arguments = {"sh", "-c", "echo $MIRROR_X"}, .environment = {{"MIRROR_X", "a b"}}, .clean_environment = true});
  EXPECT_EQ(finished.output, "a b\n");
}

TEST(ChildProcess, KilledOneNamesTheSignal) {
  ChildProcess sleeper({.arguments = {"sleep", "100"}});
  EXPECT_TRUE(sleeper.running());
  sleeper.kill();
  EXPECT_EQ(sleeper.wait_for(0ms), (ProgramEnd{0, SIGKILL}));
}

TEST(ChildProcess, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<ChildProcess> sleeper;
  std::thread([&] { sleeper = std::make_unique<ChildProcess>(ProgramCall{.arguments = {"sleep", "100"}}); }).join();
  EXPECT_EQ(sleeper->wait_for(200ms), std::nullopt);
}

TEST(ChildProcess, OneThatHangsIsKilledAndReported) {
  ChildProcess sleeper({.arguments = {"sh", "-c", "echo waiting; exec sleep 100"}});
  sleeper.wait_for_output("waiting");
  EXPECT_THROW(sleeper.wait(50ms), std::runtime_error);
  EXPECT_FALSE(sleeper.running());
}

TEST(ChildProcess, MissingProgramExitsWith127) {
  EXPECT_EQ(run_program({.arguments = {"/no/such/program"}}).end, (ProgramEnd{127, 0}));
}

}  // namespace
}  // namespace pgmirror::tests

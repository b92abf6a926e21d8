#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenario/bad_input/bad_input.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {

/// For GoogleTest.
static void PrintTo(const BadInput& input, std::ostream* out) { *out << input.name; }

namespace {

using namespace std::chrono_literals;

std::vector<BadInput> all_cases() {
  std::vector<BadInput> all;
  for (const auto& cases : {command_line_cases(), setting_cases(), store_cases(), state_cases(), mirror_cases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

/// The content of everything that belongs to the application.
std::map<std::string, std::string> application_files(const GoodSetup& setup) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(setup.file(""))) {
    if (entry.path().extension() == ".db") files[entry.path()] = file_text(entry.path());
  }
  return files;
}

class BadInputTest : public testing::TestWithParam<BadInput> {
 protected:
  void expect_words(const std::string& output) {
    for (const std::string& word : GetParam().words)
      EXPECT_NE(output.find(word), std::string::npos) << "missing: " << word << "\n" << output;
    EXPECT_EQ(output.find(secret), std::string::npos) << "a secret was printed:\n" << output;
  }

  bool says_all(const std::string& output) {
    return std::ranges::all_of(GetParam().words,
                               [&](const auto& word) { return output.find(word) != std::string::npos; });
  }
};

TEST_P(BadInputTest, IsNamedWithWhatToDoAndHarmsNothing) {
  GoodSetup setup;
  GetParam().spoil(setup);
  auto before = application_files(setup);
  if (setup.at_last) {
    setup.at_last();
    before.clear();
  }
  {
    ChildProcess program(setup.call());
    if (GetParam().exit_code == runs_on) {
      eventually(30s, [&] { return !program.running() || says_all(program.output()); });
      EXPECT_TRUE(program.running()) << "it gave up:\n" << program.output();
      EXPECT_EQ(program.terminate(), ProgramEnd{}) << program.output();
    } else {
      EXPECT_EQ(program.wait(30s), (ProgramEnd{.exit_code = GetParam().exit_code, .signal = 0})) << program.output();
    }
    expect_words(program.output());
  }
  EXPECT_TRUE(before.empty() || application_files(setup) == before) << "the application's files were changed";
  if (!GetParam().mend) return;
  GetParam().mend(setup);
  setup.typed = {"run"};
  EXPECT_NO_THROW(setup.mirror_once());
}

INSTANTIATE_TEST_SUITE_P(All, BadInputTest, testing::ValuesIn(all_cases()),
                         [](const auto& input) { return std::string(input.param.name); });

// What is no mistake but looks like one.
TEST(RollbackJournalStore, IsSwitchedToWalWithConsentOnly) {
  GoodSetup setup;
  setup.application().exec("PRAGMA journal_mode=DELETE");
  setup.close_application();
  const auto before = file_text(setup.store());
  setup.mirror_once();
  EXPECT_TRUE(file_text(setup.store()) == before) << "without consent nothing is written into it";
  setup.set("MIRROR_SWITCH_TO_WAL", "true");
  setup.mirror_once();
  SqliteDatabase look(setup.store(), SqliteDatabase::Journal::as_is);
  EXPECT_EQ(look.query_value("PRAGMA journal_mode"), "wal");
}

}  // namespace
}  // namespace pgmirror::tests

#include "tests/scenario/bad_input/bad_input.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

namespace fs = std::filesystem;

void use_own_state(GoodSetup& setup) { setup.set("MIRROR_STATE_DIR", setup.state().string()); }

std::function<void(GoodSetup&)> state_in(const std::string& place) {
  return [place](GoodSetup& setup) { setup.set("MIRROR_STATE_DIR", setup.file(place).string()); };
}

}  // namespace

std::vector<BadInput> state_cases() {
  return {
      {"StateDirectoryThatIsAFile",
       [](GoodSetup& setup) {
         setup.write("file", "");
         state_in("file")(setup);
       },
       1,
       {"state directory", "not a directory", "MIRROR_STATE_DIR"},
       use_own_state},
      {"StateDirectoryBelowAFile",
       [](GoodSetup& setup) {
         setup.write("file", "");
         state_in("file/state")(setup);
       },
       1,
       {"state directory", "cannot be made", "MIRROR_STATE_DIR"},
       use_own_state},
      {"StateDirectoryThatEverybodyMayWrite",
       [](GoodSetup& setup) {
         fs::create_directory(setup.state());
         fs::permissions(setup.state(), fs::perms::all);
       },
       1,
       {"everybody may write there", "chmod 700"},
       [](GoodSetup& setup) { fs::permissions(setup.state(), fs::perms::owner_all); }},
      {"StateDirectoryOfSomebodyElse",
       [](GoodSetup& setup) {
         fs::create_directory(setup.state());
         fs::permissions(setup.state(), fs::perms::owner_all);
         fs::permissions(setup.file(""), fs::perms::all);
         fs::permissions(setup.store(), fs::perms::all);
         setup.user = "nobody";
       },
       1,
       {"state directory", "may not write there"},
       [](GoodSetup& setup) { setup.user = ""; }},
      {"StateDirectoryInUse",
       [](GoodSetup& setup) {
         setup.other_agent = std::make_unique<ChildProcess>(setup.call());
         setup.other_agent->wait_for_output("Successfully connected");
       },
       1,
       {"another pgmirror runs on it"},
       [](GoodSetup& setup) { setup.other_agent.reset(); }},
      {"QueueThatIsGone",
       [](GoodSetup& setup) {
         setup.mirror_once();
         setup.application().exec("INSERT INTO u VALUES (2, 'y')");
         setup.close_application();
         setup.mirror_once();
         fs::remove_all(setup.state() / "queue");
       },
       1,
       {"their queue is gone", "resync --all"}},
      {"ShadowThatIsGone",
       [](GoodSetup& setup) {
         setup.mirror_once();
         fs::remove_all(setup.state() / "shadow");
       },
       1,
       {"shadow", "resync"}},
      {"StateOfAnotherStore",
       [](GoodSetup& setup) {
         setup.mirror_once();
         SqliteDatabase(setup.file("other.db")).exec("CREATE TABLE other (a)");
         setup.set("MIRROR_SOURCE_URL", "sqlite://" + setup.file("other.db").string());
         state_in("other-state")(setup);
       },
       runs_on,
       {"it follows source", "resync --all"},
       [](GoodSetup& setup) {
         setup.set("MIRROR_SOURCE_URL", "sqlite://" + setup.store().string());
         use_own_state(setup);
       }},
      {"NoRoomForTheState",
       [](GoodSetup& setup) {
         // Enough for SQLite's index of its log, not for a copy of the store.
         setup.shell_before = "trap '' XFSZ; ulimit -f 40";
       },
       1,
       {"state", "File too large"},
       [](GoodSetup& setup) {
         setup.shell_before.clear();
         fs::remove_all(setup.state());
       }},
  };
}

}  // namespace pgmirror::tests

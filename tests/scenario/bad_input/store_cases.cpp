#include <fstream>

#include "tests/scenario/bad_input/bad_input.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

constexpr int refused = 78;

/// The source is `name` in the directory of the case.
void follow(GoodSetup& setup, const std::string& name) {
  setup.set("MIRROR_SOURCE_URL", "sqlite://" + setup.file(name).string());
}

void follow_the_store(GoodSetup& setup) { follow(setup, "app.db"); }

void overwrite(const std::filesystem::path& file, std::streamoff from, std::size_t count) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(from);
  stream << std::string(count, 'x');
}

/// A copy of the store under another name, spoiled.
std::function<void(GoodSetup&)> spoiled(const std::function<void(const std::filesystem::path&)>& work) {
  return [work](GoodSetup& setup) {
    std::filesystem::copy_file(setup.store(), setup.file("spoiled.db"));
    work(setup.file("spoiled.db"));
    follow(setup, "spoiled.db");
  };
}

std::string noise(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i * i * 131 % 251));
  return bytes;
}

}  // namespace

std::vector<BadInput> store_cases() {
  return {
      {"MissingStore",
       [](GoodSetup& setup) { follow(setup, "none.db"); },
       refused,
       {"none.db", "does not exist"},
       follow_the_store},
      {"StoreThatIsADirectory",
       [](GoodSetup& setup) {
         std::filesystem::create_directory(setup.file("data"));
         follow(setup, "data");
       },
       refused,
       {"is a directory"},
       follow_the_store},
      {"EmptyStore",
       [](GoodSetup& setup) {
         setup.write("empty.db", "");
         follow(setup, "empty.db");
       },
       refused,
       {"is empty", "create its first table"},
       follow_the_store},
      {"TextFile",
       [](GoodSetup& setup) {
         setup.write("notes.db", std::string(9000, 'a'));
         follow(setup, "notes.db");
       },
       refused,
       {"not a SQLite database"},
       follow_the_store},
      {"EncryptedStore",
       [](GoodSetup& setup) {
         setup.write("vault.db", noise(16384));
         follow(setup, "vault.db");
       },
       refused,
       {"encrypted"},
       follow_the_store},
      {"DamagedDefinitions",
       spoiled([](const auto& file) { overwrite(file, 100, 600); }),
       refused,
       {"damaged"},
       follow_the_store},
      {"TruncatedStore",
       spoiled([](const auto& file) { std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2); }),
       refused,
       {"spoiled.db", "damaged"},
       follow_the_store},
      {"DamagedPage",
       spoiled([](const auto& file) { overwrite(file, 3 * 4096, 2000); }),
       refused,
       {"spoiled.db", "damaged"},
       follow_the_store},
      {"StoreHeldForOneProgram",
       [](GoodSetup& setup) { setup.at_last = [&setup] { setup.hold_store_exclusively(); }; },
       runs_on,
       {"locking_mode=EXCLUSIVE"},
       [](GoodSetup& setup) { setup.close_application(); }},
      {"StoreOfAnotherUser",
       [](GoodSetup& setup) {
         std::filesystem::permissions(setup.store(), std::filesystem::perms::owner_all);
         std::filesystem::create_directory(setup.file("nobodys"));
         for (const auto& open : {setup.file(""), setup.file("nobodys")})
           std::filesystem::permissions(open, std::filesystem::perms::all);
         setup.set("MIRROR_STATE_DIR", setup.file("nobodys/state").string());
         setup.user = "nobody";
       },
       refused,
       {"app.db", "no permission to open it", "application's user"},
       [](GoodSetup& setup) {
         setup.user = "";
         setup.set("MIRROR_STATE_DIR", setup.state().string());
       }},
      {"StoreInADirectoryThatMayNotBeWritten",
       [](GoodSetup& setup) {
         const auto place = setup.file("closed");
         std::filesystem::create_directory(place);
         std::filesystem::copy_file(setup.store(), place / "app.db");
         std::filesystem::permissions(place / "app.db", std::filesystem::perms::all);
         std::filesystem::create_directory(setup.file("nobodys"));
         for (const auto& open : {setup.file(""), setup.file("nobodys")})
           std::filesystem::permissions(open, std::filesystem::perms::all);
         setup.set("MIRROR_STATE_DIR", setup.file("nobodys/state").string());
         follow(setup, "closed/app.db");
         setup.user = "nobody";
       },
       refused,
       {"closed/app.db", "no permission to write in its directory"},
       [](GoodSetup& setup) {
         setup.user = "";
         setup.set("MIRROR_STATE_DIR", setup.state().string());
         follow_the_store(setup);
       }},
      {"PostgresSourceThatDoesNotAnswer",
       [](GoodSetup& setup) {
         setup.set("MIRROR_SOURCE_URL", "postgresql://app:" + std::string(secret) + "@127.0.0.1:1/app");
       },
       runs_on,
       {"postgresql://app@127.0.0.1:1/app", "does not answer", "trying again"},
       follow_the_store},
      {"PostgresSourceThatDoesNotExist",
       [](GoodSetup& setup) {
         auto nowhere = shared_postgres().administration();
         nowhere.database = "nowhere";
         setup.set("MIRROR_SOURCE_URL", connection_url(nowhere));
       },
       runs_on,
       {"nowhere", "does not exist", "trying again"},
       follow_the_store},
      {"PostgresSourceWithASlotNameThatCannotBe",
       [](GoodSetup& setup) {
         setup.set("MIRROR_SOURCE_URL", "postgresql://app:" + std::string(secret) + "@127.0.0.1:1/app");
         setup.set("MIRROR_SLOT", "Shop-1");
       },
       refused,
       {"MIRROR_SLOT", "Shop-1", "lower-case"},
       {}},
  };
}

}  // namespace pgmirror::tests

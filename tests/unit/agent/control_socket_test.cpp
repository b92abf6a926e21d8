#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/control_client.hpp"
#include "agent/control_server.hpp"
#include "agent/exit_code.hpp"
#include "agent/state_directory.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/agent/raw_client.hpp"

namespace pgmirror::agent {
namespace {

using nlohmann::json;
using tests::eventually;
using namespace std::chrono_literals;

class ControlSocket : public testing::Test {
 protected:
  json handle(const json& request, const ControlServer::Progress& progress, const std::stop_token& stop) {
    ++requests_;
    const std::string command = request["command"].get<std::string>();
    if (command == "refuse") throw ControlRefusal("no", static_cast<int>(ExitCode::usage));
    if (command == "fail") throw std::runtime_error("broken");
    if (command == "count") {
      for (int i = 1; i <= 3; ++i) progress(i);
    }
    if (command == "flood") {
      for (const std::string line(1 << 16, 'x'); !stop.stop_requested();) progress(line);
    }
    return {{"echo", request}};
  }
  ControlServer::Handler handler() {
    return [this](const json& request, const ControlServer::Progress& progress, const std::stop_token& stop) {
      return handle(request, progress, stop);
    };
  }
  json ask(const std::string& command) { return ask_agent(directory_.path(), {{"command", command}}); }

  tests::TemporaryDirectory directory_;
  std::filesystem::path path_ = control_socket(directory_.path());
  std::atomic<int> requests_ = 0;
  ControlServer::Limits limits_{.request_bytes = 256, .request_time = 200ms, .line_time = 200ms, .connections = 3};
};

TEST_F(ControlSocket, AnswersRequests) {
  const ControlServer server(path_, handler());
  EXPECT_EQ(ask("hello"), (json{{"echo", {{"command", "hello"}}}}));
}

TEST_F(ControlSocket, GivesProgressBeforeTheAnswer) {
  const ControlServer server(path_, handler());
  std::vector<int> seen;
  ask_agent(
      directory_.path(), {{"command", "count"}}, [&](const json& line) { seen.push_back(line.get<int>()); }, 10s);
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
}

TEST_F(ControlSocket, HandsErrorsToTheClientWithTheirExitCode) {
  const ControlServer server(path_, handler());
  try {
    ask("refuse");
    FAIL() << "was not refused";
  } catch (const RequestRefused& refused) {
    EXPECT_STREQ(refused.what(), "no");
    EXPECT_EQ(refused.exit_code(), static_cast<int>(ExitCode::usage));
  }
  try {
    ask("fail");
    FAIL() << "did not fail";
  } catch (const RequestRefused& refused) {
    EXPECT_STREQ(refused.what(), "broken");
    EXPECT_EQ(refused.exit_code(), static_cast<int>(ExitCode::failure));
  }
}

TEST_F(ControlSocket, IsForItsOwnerOnly) {
  const ControlServer server(path_, handler());
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ControlSocket, ReplacesOneThatADeadProcessLeft) {
  { const LocalSocket abandoned = LocalSocket::listen(path_); }
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_THROW(ask("hello"), NoAgent);
  const ControlServer server(path_, handler());
  EXPECT_NO_THROW(ask("hello"));
}

TEST_F(ControlSocket, LeavesAloneWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THROW(ControlServer(path_, handler()), LocalSocketError);
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST_F(ControlSocket, IsGoneAfterwards) {
  { const ControlServer server(path_, handler()); }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_THROW(ask("hello"), NoAgent);
}

TEST_F(ControlSocket, WorksInADirectoryWithALongName) {
  const std::filesystem::path deep = directory_ / std::string(200, 'd');
  std::filesystem::create_directory(deep);
  const ControlServer server(control_socket(deep), handler());
  EXPECT_NO_THROW(ask_agent(deep, {{"command", "hello"}}));
}

TEST_F(ControlSocket, TellsGarbageFromARequest) {
  const ControlServer server(path_, handler(), limits_);
  for (const char* garbage : {"not json\n", "[]\n", "{}\n", "{\"command\":7}\n", "\n"}) {
    RawClient client(path_);
    client.send(garbage);
    const json answer = json::parse(client.rest());
    EXPECT_EQ(answer["exit_code"], static_cast<int>(ExitCode::usage)) << garbage;
  }
  EXPECT_EQ(requests_, 0);
}

TEST_F(ControlSocket, HangsUpOnARequestThatIsTooLong) {
  const ControlServer server(path_, handler(), limits_);
  RawClient client(path_);
  client.send(std::string(5000, 'x'));
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(requests_, 0);
}

TEST_F(ControlSocket, HangsUpOnAClientThatNeverAsks) {
  const ControlServer server(path_, handler(), limits_);
  RawClient client(path_);
  client.send("{\"command\":");
  EXPECT_EQ(client.rest(), "") << "and does not wait for ever";
}

TEST_F(ControlSocket, HangsUpOnAClientThatDoesNotRead) {
  const ControlServer server(path_, handler(), limits_);
  RawClient client(path_);
  client.send("{\"command\":\"flood\"}\n");
  EXPECT_TRUE(eventually(30s, [&] { return !client.send("x"); }));
}

TEST_F(ControlSocket, ServesOthersWhileSomeAreSlow) {
  limits_.request_time = 60s;
  const ControlServer server(path_, handler(), limits_);
  const RawClient first(path_);
  const RawClient second(path_);
  EXPECT_NO_THROW(ask("hello"));
}

TEST_F(ControlSocket, TakesOnlySoManyAtOnce) {
  limits_.request_time = 60s;
  const ControlServer server(path_, handler(), limits_);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 3; ++i) slow.push_back(std::make_unique<RawClient>(path_));
  RawClient late(path_);
  EXPECT_EQ(json::parse(late.rest())["exit_code"], static_cast<int>(ExitCode::temporary_failure));
  slow.clear();
  EXPECT_TRUE(eventually(30s, [&] {
    try {
      ask("hello");
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  })) << "places come free again";
}

TEST_F(ControlSocket, EndsLongRequestsWhenItEnds) {
  auto server = std::make_unique<ControlServer>(path_, handler());
  RawClient client(path_);
  client.send("{\"command\":\"flood\"}\n");
  EXPECT_TRUE(eventually(30s, [&] { return requests_ == 1; }));
  const std::jthread reader([&] { client.rest(); });
  server.reset();
}

}  // namespace
}  // namespace pgmirror::agent

#include "agent/http_endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/http_answer.hpp"
#include "tests/unit/agent/sample_status.hpp"

namespace pgmirror::agent {
namespace {

/// Sends bytes and gives everything that comes until the server hangs up.
std::string exchange(std::uint16_t port, const std::string& bytes) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  std::string answer;
  std::array<char, 4096> chunk;
  for (ssize_t count = 0; (count = ::read(descriptor, chunk.data(), chunk.size())) > 0;) {
    answer.append(chunk.data(), static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return answer;
}

std::string request(const std::string& method, const std::string& target, const std::string& host = "localhost") {
  return method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
}

class Http : public testing::Test {
 protected:
  std::string get(const std::string& target, const std::string& host = "localhost") {
    return exchange(endpoint_.port(), request("GET", target, host));
  }
  AgentStatus healthy() {
    AgentStatus status = sample_status();
    status.mirrors.pop_back();
    return status;
  }

  std::atomic<bool> is_healthy_ = true;
  std::atomic<int> looks_ = 0;
  HttpEndpoint endpoint_{"127.0.0.1:0", [this] {
                           ++looks_;
                           return is_healthy_ ? healthy() : sample_status();
                         }};
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(Http, IsAliveWithoutLookingAtAnyMirror) {
  EXPECT_TRUE(get("/livez").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(looks_, 0);
}

TEST_F(Http, IsReadyOnlyWithoutTroubles) {
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200"));
  is_healthy_ = false;
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 503"));
  EXPECT_TRUE(holds(get("/healthz"), "connection refused"));
}

TEST_F(Http, ServesMetricsAndStatus) {
  const std::string metrics = get("/metrics");
  EXPECT_TRUE(holds(metrics, "Content-Type: text/plain; version=0.0.4")) << metrics;
  EXPECT_TRUE(holds(metrics, "pgmirror_lag_seconds")) << metrics;
  const std::string status = get("/api/v1/status?pretty");
  EXPECT_EQ(nlohmann::json::parse(status.substr(status.find("\r\n\r\n")))["mirrors"][0]["name"], "near");
}

TEST_F(Http, OnlyReads) {
  EXPECT_TRUE(exchange(endpoint_.port(), request("POST", "/metrics")).starts_with("HTTP/1.1 405"));
  EXPECT_TRUE(exchange(endpoint_.port(), request("DELETE", "/api/v1/status")).starts_with("HTTP/1.1 405"));
  EXPECT_EQ(looks_, 0);
}

TEST_F(Http, AnswersHeadWithoutABody) {
  const std::string answer = exchange(endpoint_.port(), request("HEAD", "/livez"));
  EXPECT_TRUE(holds(answer, "Content-Length: 6\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(Http, IsNotReachedUnderANameOfSomebodyElse) {
  EXPECT_TRUE(get("/metrics", "evil.example").starts_with("HTTP/1.1 421"));
  EXPECT_TRUE(get("/metrics", "127.0.0.1.evil.example").starts_with("HTTP/1.1 421"));
  EXPECT_TRUE(get("/metrics", "127.0.0.1:9187").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(looks_, 1);
}

TEST_F(Http, HangsUpOnGarbageAndOnEndlessHeaders) {
  EXPECT_EQ(exchange(endpoint_.port(), "\x16\x03\x01 what is this\r\n\r\n"), "");
  const std::string endless = "GET /livez HTTP/1.1\r\nX: " + std::string(20'000, 'x');
  EXPECT_EQ(exchange(endpoint_.port(), endless), "");
  EXPECT_TRUE(get("/livez").starts_with("HTTP/1.1 200"));
}

TEST_F(Http, SaysWhatThereIs) { EXPECT_TRUE(holds(get("/"), "/metrics")); }

TEST_F(Http, SaysWhenThePortIsTaken) {
  try {
    const HttpEndpoint second("127.0.0.1:" + std::to_string(endpoint_.port()), sample_status);
    FAIL() << "two cannot listen";
  } catch (const std::system_error& error) {
    EXPECT_TRUE(holds(error.what(), "MIRROR_HTTP_LISTEN")) << error.what();
  }
}

TEST(HttpHost, AnyNameIsFineWhereTheEndpointWasOpenedToOthers) {
  EXPECT_TRUE(host_is_accepted("pgmirror:9187", "0.0.0.0"));
  EXPECT_FALSE(host_is_accepted("pgmirror:9187", "127.0.0.1"));
  EXPECT_TRUE(host_is_accepted("[::1]:9187", "::1"));
  EXPECT_FALSE(host_is_accepted("", "127.0.0.1"));
}

}  // namespace
}  // namespace pgmirror::agent

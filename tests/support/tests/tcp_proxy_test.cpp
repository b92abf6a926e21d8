#include "tests/support/tcp_proxy.hpp"

#include <gtest/gtest.h>

#include <future>
#include <pqxx/pqxx>

#include "tests/support/connection_text.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ProxyToPostgres : public testing::Test {
 protected:
  config::ConnectionSettings direct_ = shared_postgres().create_database();
  TcpProxy proxy_{direct_};

  std::int64_t count_rows() {
    pqxx::connection connection(connection_string(direct_));
    return pqxx::nontransaction(connection).exec1("SELECT count(*) FROM t")[0].as<std::int64_t>();
  }
  void create_table() {
    pqxx::connection connection(connection_string(direct_));
    pqxx::nontransaction(connection).exec("CREATE TABLE t (a int)");
  }
};

TEST_F(ProxyToPostgres, DelaysEachWayAndKeepsBandwidth) {
  pqxx::connection connection(connection_string(proxy_.settings()));
  pqxx::nontransaction session(connection);
  proxy_.delay_each_way(50ms);
  const auto start = Clock::now();
  session.exec("SELECT 1");
  EXPECT_GE(Clock::now() - start, 100ms);
  const auto begin = Clock::now();
  // 20 MB are 320 reads: a delay that held up each of them would take half a minute.
  EXPECT_EQ(session.exec1("SELECT repeat('x', 20000000)")[0].size(), 20000000U);
  EXPECT_LT(Clock::now() - begin, 10s);
}

TEST_F(ProxyToPostgres, CutConnectionIsBrokenAndANewOneWorks) {
  pqxx::connection connection(connection_string(proxy_.settings()));
  pqxx::nontransaction session(connection);
  session.exec("SELECT 1");
  proxy_.cut();
  EXPECT_THROW(session.exec("SELECT 1"), pqxx::broken_connection);
  EXPECT_NO_THROW(pqxx::connection{connection_string(proxy_.settings())});
  EXPECT_EQ(proxy_.connections(), 2U);
}

TEST_F(ProxyToPostgres, RefusesUntilItServesAgain) {
  proxy_.refuse();
  EXPECT_THROW(pqxx::connection{connection_string(proxy_.settings())}, pqxx::broken_connection);
  proxy_.serve();
  EXPECT_NO_THROW(pqxx::connection{connection_string(proxy_.settings())});
}

TEST_F(ProxyToPostgres, BlackHoleHoldsBytesUntilItServesAgain) {
  pqxx::connection connection(connection_string(proxy_.settings()));
  pqxx::nontransaction session(connection);
  proxy_.black_hole();
  auto answer = std::async(std::launch::async, [&] { return session.exec1("SELECT 7")[0].as<int>(); });
  EXPECT_EQ(answer.wait_for(300ms), std::future_status::timeout);
  proxy_.serve();
  EXPECT_EQ(answer.get(), 7);
}

TEST_F(ProxyToPostgres, CutsBehindTheMessageItWasTold) {
  create_table();
  pqxx::connection connection(connection_string(proxy_.settings()));
  pqxx::nontransaction session(connection);
  session.exec("INSERT INTO t VALUES (1)");
  proxy_.cut_after_frontend_messages(2);
  session.exec("INSERT INTO t VALUES (2)");
  EXPECT_THROW(session.exec("INSERT INTO t VALUES (3)"), pqxx::broken_connection);
  EXPECT_NO_THROW(pqxx::connection{connection_string(proxy_.settings())});
}

TEST_F(ProxyToPostgres, LostAnswerLeavesTheWorkDone) {
  create_table();
  pqxx::connection connection(connection_string(proxy_.settings()));
  pqxx::nontransaction session(connection);
  proxy_.lose_answer_after_frontend_messages(1);
  EXPECT_THROW(session.exec("INSERT INTO t VALUES (1)"), pqxx::broken_connection);
  EXPECT_EQ(count_rows(), 1);
}

}  // namespace
}  // namespace pgmirror::tests

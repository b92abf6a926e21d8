#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "libpq/connection.hpp"
#include "libpq/copy_stream.hpp"
#include "libpq/database_transaction.hpp"
#include "sinks/postgres/failure.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/throwaway_postgres.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using namespace std::chrono_literals;

/// The error of an action that must fail.
libpq::DatabaseError error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const libpq::DatabaseError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing failed";
  return libpq::DatabaseError("", "", false);
}

TEST(Connection, RunsStatementsAndTellsWhatTheyDid) {
  tests::MirrorDatabase database;
  libpq::Connection& connection = database.connection;
  EXPECT_EQ(connection.execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)").affected(),
            2U);
  const libpq::Result result =
      connection.execute("SELECT a, b, a = 1 FROM t WHERE a <= $1 ORDER BY a", libpq::Parameters{}.integer(2));
  ASSERT_EQ(result.rows(), 2);
  EXPECT_EQ(result.columns(), 3);
  EXPECT_EQ(result.integer(0, 0), 1);
  EXPECT_EQ(result.text(0, 1), "x");
  EXPECT_TRUE(result.is_null(1, 1));
  EXPECT_TRUE(result.boolean(0, 2));
  EXPECT_THROW(result.integer(0, 1), std::runtime_error);
  EXPECT_GE(connection.server_version(), 150000);
}

TEST(Connection, AnErrorLeavesItUsableAndShowsNoValues) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE t (id int PRIMARY KEY, secret text CHECK (secret <> 'hunter2'))");
  const libpq::DatabaseError check =
      error_of([&] { database.connection.execute("INSERT INTO t VALUES (1, 'hunter2')"); });
  EXPECT_EQ(check.sqlstate(), "23514");
  EXPECT_FALSE(check.connection_lost());
  EXPECT_EQ(std::string(check.what()).find("hunter2"), std::string::npos) << check.what();
  const libpq::DatabaseError syntax = error_of([&] { database.connection.execute("SELECT 'hunter2'::integer"); });
  EXPECT_EQ(std::string(syntax.what()).find("hunter2"), std::string::npos) << syntax.what();
  EXPECT_NE(std::string(syntax.what()).find("invalid input syntax for type integer"), std::string::npos);
  EXPECT_EQ(database.ask("SELECT 1"), "1");
}

TEST(Connection, NeverPrintsThePassword) {
  config::ConnectionSettings settings = tests::shared_postgres().create_database();
  settings.user = "no-such-role-s3cret";
  settings.password = "s3cret";
  const libpq::DatabaseError error = error_of([&] { libpq::Connection connection(settings, "test"); });
  EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos) << error.what();
  EXPECT_EQ(error.sqlstate(), "28000");
  EXPECT_TRUE(error.connection_lost());
}

TEST(Connection, WithPinnedNamesFindsNoLookAlikes) {
  const config::ConnectionSettings settings = tests::shared_postgres().create_database();
  libpq::Connection plain(settings, "test");
  plain.execute("ALTER DATABASE \"" + settings.database + "\" SET search_path = public, pg_catalog; ALTER DATABASE \"" +
                settings.database + "\" SET standard_conforming_strings = off");
  plain.execute(
      "CREATE TABLE public.pg_class (relname text); CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS "
      "'SELECT ''fooled''::text'");
  libpq::Connection fooled(settings, "test");
  EXPECT_EQ(fooled.execute("SELECT lower('A')").text(0, 0), "fooled");
  libpq::Connection pinned(settings, "test", libpq::Connection::Access::read_write, {.pin_names = true});
  pinned.execute("CREATE TEMP TABLE pg_class (relname pg_catalog.text)");
  EXPECT_EQ(pinned.execute("SELECT lower('A')").text(0, 0), "a");
  const auto parameters = libpq::Parameters::texts({"A"});
  EXPECT_EQ(pinned.execute("SELECT lower($1)", parameters).text(0, 0), "a");
  EXPECT_GT(pinned.execute("SELECT FROM pg_class WHERE relname <> $1", parameters).rows(), 0);
  EXPECT_EQ(pinned.execute("UPDATE public.pg_class SET relname = $1", parameters).affected(), 0U);
  libpq::DatabaseTransaction transaction(pinned);
  pinned.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  EXPECT_EQ(pinned.execute("SELECT lower($1)", parameters).text(0, 0), "a");
  EXPECT_EQ(pinned.execute("SELECT 'a\\b'").text(0, 0), "a\\b");
  transaction.commit();
}

TEST(Connection, WithPinnedNamesReportsWhatFailed) {
  const config::ConnectionSettings settings = tests::shared_postgres().create_database();
  libpq::Connection other(settings, "other");
  libpq::Connection pinned(settings, "pinned", libpq::Connection::Access::read_write, {.pin_names = true});
  const auto parameters = libpq::Parameters::texts({"0"});
  const libpq::DatabaseError wrong = error_of([&] { pinned.execute("SELECT 1 / $1::integer", parameters); });
  EXPECT_EQ(wrong.sqlstate(), "22012");
  EXPECT_FALSE(wrong.connection_lost());
  EXPECT_EQ(pinned.execute("SELECT $1::text", parameters).text(0, 0), "0");
  other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pinned'");
  const libpq::DatabaseError lost = error_of([&] { pinned.execute("SELECT $1::text", parameters); });
  EXPECT_TRUE(lost.connection_lost());
}

TEST(Connection, RunsSeveralStatementsTogether) {
  const config::ConnectionSettings settings = tests::shared_postgres().create_database();
  for (const bool pin : {true, false}) {
    libpq::Connection connection(settings, "test", libpq::Connection::Access::read_write, {.pin_names = pin});
    const libpq::Parameters none;
    const auto seven = libpq::Parameters::texts({"7"});
    const auto answers = connection.execute_together({{.sql = "SELECT 'first'", .parameters = none},
                                                      {.sql = "SELECT $1", .parameters = seven},
                                                      {.sql = "SELECT 3, 4", .parameters = none}});
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[0].text(0, 0), "first");
    EXPECT_EQ(answers[1].text(0, 0), "7");
    EXPECT_EQ(answers[2].columns(), 2);

    connection.execute("CREATE TABLE IF NOT EXISTS public.t(id integer)");
    const libpq::DatabaseError wrong = error_of([&] {
      connection.execute_together({{.sql = "INSERT INTO public.t VALUES (1)", .parameters = none},
                                   {.sql = "SELECT $1::integer / 0", .parameters = seven},
                                   {.sql = "SELECT nothing", .parameters = none}});
    });
    EXPECT_EQ(wrong.sqlstate(), "22012");
    EXPECT_FALSE(wrong.connection_lost());
    EXPECT_EQ(connection.execute("SELECT FROM public.t").rows(), 0);
    {
      const libpq::DatabaseTransaction given_up(connection);
      connection.execute_together({{.sql = "INSERT INTO public.t VALUES (2)", .parameters = none}});
    }
    EXPECT_EQ(connection.execute("SELECT FROM public.t").rows(), 0);
  }
}

TEST(Connection, ARestartEndsItForGood) {
  tests::ThrowawayPostgres server;
  libpq::Connection connection(server.administration(), "test");
  libpq::Connection other(server.administration(), "other");
  other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'");
  const libpq::DatabaseError killed = error_of([&] { connection.execute("SELECT 1"); });
  EXPECT_TRUE(killed.connection_lost());
  EXPECT_EQ(classify(killed).kind, FailureKind::transient);
  server.stop();
  const libpq::DatabaseError gone = error_of([&] { libpq::Connection again(server.administration(), "test"); });
  EXPECT_TRUE(gone.connection_lost());
  EXPECT_EQ(classify(gone).kind, FailureKind::transient);
}

TEST(Connection, RefusesAServerThatTakesNoWrites) {
  config::ConnectionSettings settings = tests::shared_postgres().create_database();
  libpq::Connection connection(settings, "test");
  connection.execute("ALTER DATABASE \"" + settings.database + "\" SET default_transaction_read_only = on");
  const libpq::DatabaseError error = error_of([&] { libpq::Connection again(settings, "test"); });
  EXPECT_EQ(error.sqlstate(), "25006");
  EXPECT_EQ(classify(error).kind, FailureKind::transient);
  libpq::Connection reading(settings, "test", libpq::Connection::Access::read_only);
  EXPECT_EQ(reading.execute("SELECT 1").integer(0, 0), 1);
}

TEST(Connection, RefusesStartupOptions) {
  config::ConnectionSettings settings = tests::shared_postgres().create_database();
  settings.parameters["options"] = "-c work_mem=1MB";
  EXPECT_THROW(libpq::Connection(settings, "test"), std::invalid_argument);
}

TEST(Connection, CancelEndsAStatement) {
  tests::MirrorDatabase database;
  libpq::Connection watcher(database.mirror.connection, "watcher");
  database.connection.execute("SET application_name = 'sleeper'");
  std::jthread canceller([&] {
    tests::eventually(10s, [&] {
      return watcher.execute("SELECT FROM pg_stat_activity WHERE application_name = 'sleeper' AND state = 'active'")
                 .rows() == 1;
    });
    database.connection.cancel();
  });
  const libpq::DatabaseError error = error_of([&] { database.connection.execute("SELECT pg_sleep(60)"); });
  EXPECT_EQ(error.sqlstate(), "57014");
}

TEST(Connection, GivesUpWhatIsNotAnsweredWithinItsLimit) {
  tests::MirrorDatabase database;
  tests::TcpProxy proxy(database.mirror.connection);
  libpq::Connection connection(proxy.settings(), "test");
  EXPECT_EQ(connection.execute_within(30s, "SELECT 1; SELECT 2").text(0, 0), "2");
  const libpq::DatabaseError refused = error_of([&] { connection.execute_within(30s, "SELECT 1; SELECT 1 / 0"); });
  EXPECT_EQ(refused.sqlstate(), "22012");
  EXPECT_FALSE(refused.connection_lost());
  proxy.black_hole();
  EXPECT_TRUE(error_of([&] { connection.execute_within(100ms, "SELECT 3"); }).connection_lost());
}

TEST(Connection, HasASessionOfItsOwnWhereNothingStandsBetween) {
  tests::MirrorDatabase database;
  EXPECT_TRUE(database.connection.has_own_session());
  tests::TcpProxy line(database.mirror.connection);
  EXPECT_TRUE(libpq::Connection(line.settings(), std::string(100, 'n')).has_own_session());
  const tests::TransactionPooler pooler(database.mirror.connection);
  EXPECT_FALSE(libpq::Connection(pooler.settings(), "test").has_own_session());
}

TEST(Connection, CopyGoesInAndOut) {
  tests::MirrorDatabase database;
  libpq::Connection& connection = database.connection;
  connection.execute("CREATE TABLE t (a int, b text)");
  libpq::CopyIn in = connection.copy_in("COPY t FROM STDIN");
  in.write("1\tx\n2\t\\N\n");
  EXPECT_EQ(in.finish(), 2U);
  libpq::CopyOut out = connection.copy_out("COPY (SELECT * FROM t ORDER BY a) TO STDOUT");
  EXPECT_EQ(out.read(), "1\tx\n");
  EXPECT_EQ(out.read(), "2\t\\N\n");
  EXPECT_FALSE(out.read().has_value());
  EXPECT_EQ(database.ask("SELECT count(*) FROM t"), "2");
}

TEST(Connection, ACopyGivenUpLeavesNothing) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE t (a int)");
  {
    libpq::CopyIn in = database.connection.copy_in("COPY t FROM STDIN");
    in.write("1\n");
  }
  {
    libpq::CopyOut out = database.connection.copy_out("COPY (SELECT generate_series(1, 1000000)) TO STDOUT");
    out.read();
  }
  EXPECT_EQ(database.ask("SELECT count(*) FROM t"), "0");
}

TEST(Connection, ACopyThatTheServerRefusesSaysWhy) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE t (a int PRIMARY KEY)");
  libpq::CopyIn in = database.connection.copy_in("COPY t FROM STDIN");
  in.write("1\n1\n");
  const libpq::DatabaseError error = error_of([&] { in.finish(); });
  EXPECT_EQ(error.sqlstate(), "23505");
  EXPECT_EQ(database.ask("SELECT count(*) FROM t"), "0");
}

TEST(Connection, ACutLineDuringACopyIsALostConnection) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE t (a text)");
  tests::TcpProxy proxy(database.mirror.connection);
  libpq::Connection connection(proxy.settings(), "test");
  libpq::CopyIn in = connection.copy_in("COPY t FROM STDIN");
  proxy.cut();
  const std::string row(1000, 'x');
  const libpq::DatabaseError error = error_of([&] {
    for (int i = 0; i < 100000; ++i) in.write(row + "\n");
    in.finish();
  });
  EXPECT_TRUE(error.connection_lost());
  EXPECT_EQ(classify(error).kind, FailureKind::transient);
}

/// The two statements of a pipeline are nine messages.
TEST(Connection, ALineThatFailsAnywhereInAPinnedStatementIsALostConnection) {
  tests::MirrorDatabase database;
  tests::TcpProxy proxy(database.mirror.connection);
  using Fault = void (tests::TcpProxy::*)(std::uint64_t);
  for (const Fault fault : {Fault{&tests::TcpProxy::cut_after_frontend_messages},
                            Fault{&tests::TcpProxy::lose_answer_after_frontend_messages}}) {
    for (std::uint64_t message = 1; message <= 9; ++message) {
      SCOPED_TRACE(message);
      libpq::Connection connection(proxy.settings(), "test", libpq::Connection::Access::read_write,
                                   {.pin_names = true});
      (proxy.*fault)(message);
      const libpq::DatabaseError error = error_of(
          [&] { connection.execute("SELECT FROM pg_class WHERE relname = $1", libpq::Parameters::texts({"t"})); });
      EXPECT_TRUE(error.connection_lost());
    }
  }
}

/// The server's last words are readable while nothing can be written any more. libpq then calls the connection good,
/// and has no result, however often it is asked.
TEST(Connection, AServerThatSaysGoodbyeBeforeAPinnedStatementIsALostConnection) {
  tests::ThrowawayPostgres server;
  tests::TcpProxy proxy(server.create_database());
  libpq::Connection connection(proxy.settings(), "test", libpq::Connection::Access::read_write, {.pin_names = true});
  server.stop_immediately();
  tests::let_time_pass(300ms);
  const libpq::DatabaseError error =
      error_of([&] { connection.execute("SELECT FROM pg_class WHERE relname = $1", libpq::Parameters::texts({"t"})); });
  EXPECT_TRUE(error.connection_lost());
}

TEST(Connection, ATransactionRollsBackUnlessCommitted) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE public.t (a int)");
  {
    libpq::DatabaseTransaction transaction(database.connection);
    database.connection.execute("INSERT INTO public.t VALUES (1)");
    EXPECT_TRUE(database.connection.in_transaction());
    EXPECT_EQ(database.ask("SHOW search_path"), "pg_catalog, pg_temp");
  }
  EXPECT_FALSE(database.connection.in_transaction());
  {
    libpq::DatabaseTransaction transaction(database.connection);
    error_of([&] { database.connection.execute("SELECT 1 / 0"); });
    // The server would answer COMMIT with a ROLLBACK and no error.
    EXPECT_THROW(transaction.commit(), libpq::DatabaseError);
  }
  EXPECT_EQ(database.ask("SELECT count(*) FROM t"), "0");
}

/// Runs `body` with HOME in a directory that holds ~/.postgresql/root.crt of another authority.
class HomeWithRootCertificate : public testing::Test {
 protected:
  HomeWithRootCertificate() {
    run({"openssl", "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout",
         server_.data_directory() / "server.key", "-out", server_.data_directory() / "server.crt"});
    run({"openssl", "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=other", "-keyout",
         home_ / "other.key", "-out", home_ / "other.crt"});
    for (const char* file : {"server.key", "server.crt"}) {
      // As root the server runs as somebody else, who has to own its key.
      if (geteuid() == 0) run({"chown", "postgres:postgres", server_.data_directory() / file});
      run({"chmod", "600", server_.data_directory() / file});
    }
    std::filesystem::create_directory(home_ / ".postgresql");
    std::filesystem::copy(home_ / "other.crt", home_ / ".postgresql" / "root.crt");
    server_.stop();
    server_.set("ssl", "on");
    server_.start();
    setenv("HOME", home_.path().c_str(), 1);
  }
  ~HomeWithRootCertificate() override { setenv("HOME", old_home_.c_str(), 1); }

  static void run(std::vector<std::string> arguments) {
    tests::ChildProcess child({.arguments = std::move(arguments)});
    const tests::ProgramEnd end = child.wait();
    ASSERT_EQ(end.exit_code, 0) << child.output();
  }

  std::string old_home_ = getenv("HOME") == nullptr ? "/" : getenv("HOME");
  tests::TemporaryDirectory home_;
  tests::ThrowawayPostgres server_;
};

TEST_F(HomeWithRootCertificate, DoesNotChangeWhatSslModesMean) {
  config::ConnectionSettings settings = server_.administration();
  settings.host = "localhost";
  settings.sslmode = "require";
  libpq::Connection encrypted(settings, "test");
  EXPECT_TRUE(encrypted.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").boolean(0, 0));

  settings.sslmode = "verify-full";
  const libpq::DatabaseError unknown = error_of([&] { libpq::Connection connection(settings, "test"); });
  EXPECT_NE(classify(unknown).sentence.find("MIRROR_DB_SSLROOTCERT"), std::string::npos) << unknown.what();
  settings.sslrootcert = server_.data_directory() / "server.crt";
  libpq::Connection verified(settings, "test");
  EXPECT_EQ(verified.execute("SELECT 1").integer(0, 0), 1);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres

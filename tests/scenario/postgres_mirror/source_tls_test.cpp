#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "tests/scenario/postgres_mirror/mirrored_database.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

void run(std::vector<std::string> arguments) {
  ChildProcess child({.arguments = std::move(arguments)});
  if (child.wait().exit_code != 0) throw std::runtime_error("openssl: " + child.output());
}

/// An authority with what it has signed: the server `localhost`, the client `certified`.
class Certificates {
 public:
  Certificates() {
    authority("authority");
    authority("stranger");
    sign("localhost");
    sign("certified");
  }
  std::string file(const std::string& name) const { return directory_ / name; }

 private:
  void authority(const std::string& name) {
    run({"openssl", "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout",
         file(name + ".key"), "-out", file(name + ".crt")});
  }
  void sign(const std::string& name) {
    run({"openssl", "req", "-new", "-nodes", "-subj", "/CN=" + name, "-keyout", file(name + ".key"), "-out",
         file(name + ".csr")});
    run({"openssl", "x509", "-req", "-days", "2", "-in", file(name + ".csr"), "-CA", file("authority.crt"), "-CAkey",
         file("authority.key"), "-CAcreateserial", "-out", file(name + ".crt")});
    run({"chmod", "600", file(name + ".key")});
  }
  TemporaryDirectory directory_;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

/// Its certificate is for localhost; the role `certified` comes in with a certificate only.
ThrowawayPostgres& server_with_tls() {
  static ThrowawayPostgres server;
  static const bool set_up = [] {
    const auto data = server.data_directory();
    for (const auto& [from, to] : {std::pair("localhost.crt", "server.crt"), std::pair("localhost.key", "server.key"),
                                   std::pair("authority.crt", "ca.crt")}) {
      std::filesystem::copy(certificates().file(from), data / to);
      // As root the server runs as somebody else, who has to own its key.
      if (geteuid() == 0) run({"chown", "postgres:postgres", data / to});
      run({"chmod", "600", data / to});
    }
    pqxx::connection connection(connection_string(server.administration()));
    pqxx::nontransaction(connection).exec("CREATE ROLE certified SUPERUSER LOGIN");
    server.stop();
    const std::string others = file_text(data / "pg_hba.conf");
    std::ofstream(data / "pg_hba.conf") << "hostssl all certified all cert\nhost all certified all reject\n" << others;
    server.set("ssl", "on");
    server.set("ssl_ca_file", "'ca.crt'");
    server.start();
    return true;
  }();
  EXPECT_TRUE(set_up);
  return server;
}

class TlsToTheSource : public testing::Test {
 protected:
  TlsToTheSource() { pair_.run("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)"); }

  void follow_as(const std::string& user, const std::string& host, const std::string& parameters) {
    pair_.program().set("MIRROR_SOURCE_URL", fmt::format("postgresql://{}@{}:{}/{}?{}", user, host, pair_.source().port,
                                                         pair_.source().database, parameters));
    pair_.program().start();
  }
  static std::string trusting(const std::string& authority) {
    return "sslmode=verify-full&sslrootcert=" + certificates().file(authority + ".crt");
  }
  /// How many sessions of the program the server has, and how many of them are encrypted; with the stream's among them.
  std::string sessions(const std::string& condition) {
    pqxx::connection connection(connection_string(pair_.source()));
    return pqxx::nontransaction(connection)
        .exec1(
            "SELECT concat(bool_and(ssl), ' ', bool_or(backend_type = 'walsender'), ' ', bool_or(backend_type ="
            " 'client backend')) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name LIKE"
            " 'pgmirror%' AND " +
            condition)[0]
        .as<std::string>();
  }

  DatabaseAndMirror pair_{server_with_tls(), shared_postgres()};
};

TEST_F(TlsToTheSource, IsVerifiedOnBothConnections) {
  follow_as("postgres", "localhost", trusting("authority"));
  ASSERT_TRUE(pair_.becomes_same());
  pair_.run("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(sessions("true"), "t t t");
}

TEST_F(TlsToTheSource, WithAnotherNameIsRefused) {
  follow_as("postgres", "127.0.0.1", trusting("authority"));
  EXPECT_TRUE(pair_.logs("server certificate for \"localhost\" does not match host name \"127.0.0.1\""));
  EXPECT_EQ(sessions("true"), "  ");
  const FinishedProgram doctor = pair_.program().command({"doctor"});
  EXPECT_NE(doctor.output.find("does not match host name"), std::string::npos) << doctor.output;
}

TEST_F(TlsToTheSource, OfAnotherAuthorityIsRefused) {
  follow_as("postgres", "localhost", trusting("stranger"));
  EXPECT_TRUE(pair_.logs("certificate verify failed"));
  EXPECT_EQ(sessions("true"), "  ");
}

TEST_F(TlsToTheSource, WithACertificateOfTheClient) {
  follow_as("certified", "localhost",
            fmt::format("{}&sslcert={}&sslkey={}", trusting("authority"), certificates().file("certified.crt"),
                        certificates().file("certified.key")));
  ASSERT_TRUE(pair_.becomes_same());
  pair_.run("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(sessions("client_dn = '/CN=certified'"), "t t t");
  EXPECT_EQ(sessions("client_dn IS NULL"), "  ");
}

TEST_F(TlsToTheSource, WithoutTheCertificateThatTheServerAsksForIsRefused) {
  follow_as("certified", "localhost", trusting("authority"));
  EXPECT_TRUE(pair_.logs("requires a valid client certificate"));
  EXPECT_EQ(sessions("true"), "  ");
}

}  // namespace
}  // namespace pgmirror::tests

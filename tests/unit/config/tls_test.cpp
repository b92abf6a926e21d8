#include "config/tls.hpp"

#include "config/describe.hpp"
#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::ConfigDirectory;
using tests::load;
using tests::Messages;
using tests::problems;

Environment at(const std::string& host, Environment more = {}) {
  more.insert({{"MIRROR_SOURCE_URL", "sqlite:a.db"},
               {"MIRROR_DB_HOST", host},
               {"MIRROR_DB_NAME", "d"},
               {"MIRROR_DB_USER", "u"}});
  return more;
}

std::string default_mode(const std::string& host) { return load(at(host)).mirrors.at(0).connection.sslmode; }

TEST(Tls, RemoteHostsRequireItByDefault) {
  EXPECT_EQ(default_mode("db.x.supabase.co"), "require");
  EXPECT_EQ(default_mode("10.0.0.1"), "require");
  EXPECT_EQ(default_mode("localhost.example.org"), "require");
}

TEST(Tls, ThisMachinePrefersIt) {
  for (const auto* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1", "/run/postgresql"})
    EXPECT_EQ(default_mode(host), "prefer") << host;
}

TEST(Tls, ACaFileMeansVerifyFull) {
  const ConfigDirectory directory;
  const std::string ca = directory.write("ca.crt", "x");
  const auto connection = load(at("db.example.org", {{"MIRROR_DB_SSLROOTCERT", ca}})).mirrors.at(0).connection;
  EXPECT_EQ(connection.sslmode, "verify-full");
  EXPECT_EQ(connection.sslrootcert, ca);
}

TEST(Tls, AnExplicitModeWinsOverTheDefault) {
  const ConfigDirectory directory;
  const auto environment =
      at("h", {{"MIRROR_DB_SSLROOTCERT", directory.write("ca.crt", "x")}, {"MIRROR_DB_SSLMODE", "verify-ca"}});
  EXPECT_EQ(load(environment).mirrors.at(0).connection.sslmode, "verify-ca");
}

TEST(Tls, SystemStandsForTheMachinesList) {
  if (!std::filesystem::exists("/etc/ssl/certs/ca-certificates.crt")) {
    EXPECT_EQ(problems(at("h", {{"MIRROR_DB_SSLROOTCERT", "system"}})).size(), 1U);
    return;
  }
  EXPECT_EQ(load(at("h", {{"MIRROR_DB_SSLROOTCERT", "system"}})).mirrors.at(0).connection.sslrootcert,
            "/etc/ssl/certs/ca-certificates.crt");
}

TEST(Tls, VerifyingAgainstNothingIsRefused) {
  EXPECT_EQ(problems(at("h", {{"MIRROR_DB_SSLMODE", "verify-full"}})),
            (Messages{"MIRROR_DB_SSLMODE: sslmode verify-full needs sslrootcert: the server's CA file, or system"}));
}

TEST(Tls, AMissingCaFileIsRefused) {
  EXPECT_EQ(
      problems(at("h", {{"MIRROR_DB_SSLROOTCERT", "/nonexistent/ca"}})),
      (Messages{
          "MIRROR_DB_SSLROOTCERT: sslrootcert /nonexistent/ca cannot be read; give the path of a CA file, or system"}));
}

TEST(Tls, UnknownModesAreRefused) {
  EXPECT_EQ(problems(at("h", {{"MIRROR_DB_SSLMODE", "on"}})),
            (Messages{"MIRROR_DB_SSLMODE: \"on\" is none of disable, allow, prefer, require, verify-ca, verify-full"}));
}

TEST(Tls, UnencryptedLinesToOtherMachinesAreWarnedOf) {
  EXPECT_EQ(load_config({}, at("db", {{"MIRROR_DB_SSLMODE", "disable"}})).warnings,
            (Messages{"mirror \"mirror\": sslmode disable lets rows and the password cross the network to db "
                      "unencrypted; use require or "
                      "better"}));
  EXPECT_TRUE(load_config({}, at("localhost", {{"MIRROR_DB_SSLMODE", "disable"}})).warnings.empty());
  EXPECT_TRUE(load_config({}, at("db")).warnings.empty());
}

TEST(Tls, SaysWhatTheModeMeans) {
  const auto meaning = [](const std::string& mode, const std::string& root = "", const std::string& host = "h") {
    ConnectionSettings connection;
    connection.host = host;
    connection.sslmode = mode;
    connection.sslrootcert = root;
    return describe_tls(connection);
  };
  EXPECT_EQ(meaning("require"), "tls: require, server not verified");
  EXPECT_EQ(meaning("require", "ca"), "tls: require, server verified, its name not");
  EXPECT_EQ(meaning("verify-full", "ca"), "tls: verify-full, server and its name verified");
  EXPECT_EQ(meaning("disable"), "tls: disable, never encrypted");
  EXPECT_EQ(meaning("prefer", "", "/run"), "tls: none, Unix socket");
}

}  // namespace
}  // namespace pgmirror::config

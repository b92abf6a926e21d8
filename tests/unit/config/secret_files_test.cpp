#include "config/secrets.hpp"
#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::ConfigDirectory;
using tests::load;
using tests::Messages;
using tests::problems;

Environment without_password(Environment more) {
  more.emplace("MIRROR_SOURCE_URL", "sqlite:///data/app.db");
  more.emplace("MIRROR_DB_HOST", "localhost");
  more.emplace("MIRROR_DB_NAME", "copy");
  more.emplace("MIRROR_DB_USER", "app");
  return more;
}

std::string password_from(const std::string& content) {
  const ConfigDirectory directory;
  return load(without_password({{"MIRROR_DB_PASSWORD_FILE", directory.write("pw", content)}}))
      .mirrors.at(0)
      .connection.password;
}

TEST(SecretFiles, OneLineEndIsStripped) {
  EXPECT_EQ(password_from("S3cret"), "S3cret");
  EXPECT_EQ(password_from("S3cret\n"), "S3cret");
  EXPECT_EQ(password_from("S3cret\r\n"), "S3cret");
  EXPECT_EQ(password_from("S3cret\n\n"), "S3cret\n");
  EXPECT_EQ(password_from(" S3cret "), " S3cret ");
}

TEST(SecretFiles, AUrlMayComeFromAFile) {
  const ConfigDirectory directory;
  const Config config = load({{"MIRROR_SOURCE_URL_FILE", directory.write("source", "sqlite:///a.db\n")},
                              {"MIRROR_DB_URL_FILE", directory.write("mirror", "postgresql://u:pw@localhost/d\n")}});
  EXPECT_EQ(config.sqlite->file, "/a.db");
  EXPECT_EQ(config.mirrors.at(0).connection.password, "pw");
}

TEST(SecretFiles, ValueAndFileTogetherAreAnError) {
  const ConfigDirectory directory;
  EXPECT_EQ(problems(without_password(
                {{"MIRROR_DB_PASSWORD", "S3cret"}, {"MIRROR_DB_PASSWORD_FILE", directory.write("pw", "x")}})),
            (Messages{"MIRROR_DB_PASSWORD_FILE: MIRROR_DB_PASSWORD is set as well; set one of the two"}));
}

TEST(SecretFiles, AnEmptyVariableBesideTheFileIsFine) {
  const ConfigDirectory directory;
  EXPECT_EQ(
      load(without_password({{"MIRROR_DB_PASSWORD", ""}, {"MIRROR_DB_PASSWORD_FILE", directory.write("pw", "x")}}))
          .mirrors.at(0)
          .connection.password,
      "x");
}

TEST(SecretFiles, UnreadableFilesAreNamed) {
  EXPECT_EQ(problems(without_password({{"MIRROR_DB_PASSWORD_FILE", "/nonexistent/pw"}})),
            (Messages{"MIRROR_DB_PASSWORD_FILE: cannot read /nonexistent/pw: No such file or directory"}));
}

TEST(SecretFiles, EmptyOrBinaryFilesAreRefused) {
  const ConfigDirectory directory;
  const std::string empty = directory.write("empty", "\n");
  EXPECT_EQ(problems(without_password({{"MIRROR_DB_PASSWORD_FILE", empty}})),
            (Messages{"MIRROR_DB_PASSWORD_FILE: " + empty + " is empty; write the secret into it"}));
  const std::string binary = directory.write("binary", std::string("a\0b", 3));
  EXPECT_EQ(problems(without_password({{"MIRROR_DB_PASSWORD_FILE", binary}})),
            (Messages{"MIRROR_DB_PASSWORD_FILE: " + binary + " holds a NUL byte"}));
}

TEST(SecretFiles, TheYamlFileCanNameThem) {
  const ConfigDirectory directory;
  const std::string secret = directory.write("pw", "S3cret\n");
  const std::string head = "source: {url: 'sqlite:a'}\nmirror:\n  url: postgresql://u@localhost/d\n";
  EXPECT_EQ(tests::load_yaml(head + "  password_file: ${DIR}/pw\n", {{"DIR", directory.path("")}})
                .config.mirrors.at(0)
                .connection.password,
            "S3cret");
  EXPECT_EQ(tests::yaml_problems(head + "  password_file: " + secret + "\n  password: x\n"),
            (Messages{"pgmirror.yaml:4:3: \"password\" and \"password_file\" both stand here; keep one"}));
  EXPECT_EQ(
      tests::yaml_problems(head + "  password_file: /nonexistent/pw\n"),
      (Messages{"pgmirror.yaml:4:18: mirror.password_file: cannot read /nonexistent/pw: No such file or directory"}));
}

TEST(SecretFiles, AHigherLayerReplacesTheFilesSecret) {
  const ConfigDirectory directory;
  const std::string yaml = "source: {url: 'sqlite:a'}\nmirror:\n  url: postgresql://u@localhost/d\n  password: low\n";
  const auto loaded = tests::load_yaml(yaml, {{"MIRROR_DB_PASSWORD_FILE", directory.write("pw", "high")}});
  EXPECT_EQ(loaded.config.mirrors.at(0).connection.password, "high");
}

TEST(SecretFiles, FlagsCanNameThem) {
  const ConfigDirectory directory;
  const std::string secret = directory.write("pw", "S3cret\n");
  EXPECT_EQ(load(without_password({}), {{"mirror.password_file", secret}}).mirrors.at(0).connection.password, "S3cret");
  EXPECT_EQ(problems(without_password({}), {{"mirror.password_file", secret}, {"mirror.password", "x"}}),
            (Messages{"flag \"mirror.password_file\": the value itself is given as well; give one of the two"}));
}

TEST(SecretFiles, EverySecretIsKnownToRedaction) {
  const Config config = load({{"MIRROR_SOURCE_URL", "postgresql://u:source-pw@localhost/a?sslpassword=key-pw"},
                              {"MIRROR_DB_URL", "postgresql://u:mirror%2Fpw@localhost/b"}});
  EXPECT_EQ(secrets(config), (Messages{"source-pw", "key-pw", "mirror/pw"}));
}

}  // namespace
}  // namespace pgmirror::config

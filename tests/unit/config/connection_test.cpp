#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::load;
using tests::Messages;
using tests::problems;

Environment mirror(const std::string& url) { return {{"MIRROR_SOURCE_URL", "sqlite:a.db"}, {"MIRROR_DB_URL", url}}; }

ConnectionSettings connection(const std::string& url) { return load(mirror(url)).mirrors.at(0).connection; }

TEST(MirrorConnection, TheUrlIsSplitAsLibpqDoes) {
  const ConnectionSettings settings =
      connection("postgresql://postgres.abc:p%40s%2Fs@[::1]:6543/post%20gres?sslmode=require&application_name=x");
  EXPECT_EQ(settings.host, "::1");
  EXPECT_EQ(settings.port, 6543);
  EXPECT_EQ(settings.database, "post gres");
  EXPECT_EQ(settings.user, "postgres.abc");
  EXPECT_EQ(settings.password, "p@s/s");
  EXPECT_EQ(settings.sslmode, "require");
  EXPECT_EQ(settings.parameters, (std::map<std::string, std::string>{{"application_name", "x"}}));
  EXPECT_EQ(settings.address(), "[::1]:6543/post gres");
}

TEST(MirrorConnection, AUnixSocketDirectoryIsAHost) {
  const ConnectionSettings settings = connection("postgresql:///copy?host=/tmp/pg&port=7777&user=postgres");
  EXPECT_EQ(settings.host, "/tmp/pg");
  EXPECT_EQ(settings.port, 7777);
}

TEST(MirrorConnection, WhatIsMissingIsSaidWithTheVariableToSet) {
  EXPECT_EQ(problems(mirror("postgresql:///?connect_timeout=1")),
            (Messages{"mirror \"mirror\": no host; set MIRROR_DB_HOST or put it into MIRROR_DB_URL",
                      "mirror \"mirror\": no database; set MIRROR_DB_NAME or put it into MIRROR_DB_URL",
                      "mirror \"mirror\": no user; set MIRROR_DB_USER or put it into MIRROR_DB_URL"}));
}

TEST(MirrorConnection, BrokenUrlsNeverShowWhatTheyHold) {
  for (const auto* url :
       {"postgresql://u:S3cret%ZZt0k@h/d", "postgresql://u:S3cret@t0k@h/d", "postgresql://u:S3cret/t0k@h/d",
        "postgresql://u:12345/S3cret@h/d", "postgresql://u:S3cret?t0k@h/d?x", "postgresql://u:p@h/d?S3cret=1",
        "postgresql://u:p@h/d?S3cret", "postgresql://u:S3cret@[h/d", "postgresql://u:S3cret@h:pp/d", "u:S3cret@h/d",
        "postgresql://u:S3cret@h:70000/d", "postgresql://u:S3cret/d"}) {
    const Messages messages = problems(mirror(url));
    ASSERT_EQ(messages.size(), 1U) << url;
    EXPECT_TRUE(messages[0].starts_with("MIRROR_DB_URL: ")) << messages[0];
    EXPECT_EQ(messages[0].find("S3cret"), std::string::npos) << messages[0];
    EXPECT_EQ(messages[0].find("t0k"), std::string::npos) << messages[0];
    EXPECT_EQ(messages[0].find("12345"), std::string::npos) << messages[0];
  }
}

TEST(MirrorConnection, SaysHowToWriteSpecialCharacters) {
  const std::string advice =
      "write special characters of user and password percent-encoded (@ is %40, / is %2F, : is %3A, % is %25)";
  EXPECT_EQ(problems(mirror("postgresql://u:a@b@h/d")),
            (Messages{"MIRROR_DB_URL: does not come apart into user, password, host, port and database; " + advice}));
  EXPECT_EQ(
      problems(mirror("postgresql://u:a%zzb@h/d")),
      (Messages{"MIRROR_DB_URL: is not a URL that libpq understands (invalid percent-encoded token); " + advice}));
}

TEST(MirrorConnection, SaysThatThePlaceholderIsStillThere) {
  EXPECT_EQ(problems(mirror("postgresql://postgres:[YOUR-PASSWORD]@db.x.supabase.co:5432/postgres")),
            (Messages{"MIRROR_DB_URL: still holds [YOUR-PASSWORD]; put the database password there, percent-encoded"}));
}

TEST(MirrorConnection, NamesParametersOfOtherDrivers) {
  EXPECT_EQ(
      problems(mirror("postgresql://u:p@localhost/d?pgbouncer=true")),
      (Messages{"MIRROR_DB_URL: is not a URL that libpq understands (invalid URI query parameter); take the parameter "
                "\"pgbouncer\" out"}));
}

TEST(MirrorConnection, RefusesWhatIsNotOneServer) {
  EXPECT_EQ(problems(mirror("postgresql://u@a,b/d")),
            (Messages{"MIRROR_DB_URL: names several servers; give each its own entry under \"mirrors\""}));
  EXPECT_EQ(problems(mirror("postgresql://u@a/d?service=x")),
            (Messages{"MIRROR_DB_URL: names a service file entry; write host, user and database into the URL"}));
  EXPECT_EQ(
      problems(mirror("mysql://u@a/d")),
      (Messages{"MIRROR_DB_URL: is not a postgresql:// URL; write postgresql://user:password@host:5432/database"}));
}

TEST(MirrorConnection, AUrlInThePlaceOfAHostIsRefused) {
  EXPECT_EQ(problems({{"MIRROR_SOURCE_URL", "sqlite:a.db"}, {"MIRROR_DB_HOST", "postgresql://u:S3cret@h/d"}}),
            (Messages{"MIRROR_DB_HOST: holds a whole URL; set the url instead"}));
}

}  // namespace
}  // namespace pgmirror::config

#include "agent/redaction.hpp"

#include <gtest/gtest.h>

namespace pgmirror::agent {
namespace {

TEST(Redaction, MasksTheSecretWhereverItStands) {
  const Redactor redactor({"S3cret-tok"});
  EXPECT_EQ(redactor.redact("a S3cret-tok, xS3cret-toky S3cret-tok"), "a ***, x***y ***");
  EXPECT_EQ(redactor.redact("nothing here"), "nothing here");
}

TEST(Redaction, MasksThePercentEncodedForms) {
  const Redactor redactor({"p@ss/wörd"});
  EXPECT_EQ(redactor.redact("p@ss/wörd p%40ss%2Fw%C3%B6rd p%40ss%2fw%c3%b6rd"), "*** *** ***");
}

TEST(Redaction, MasksWhatLibpqQuotesFromABrokenUrl) {
  EXPECT_EQ(Redactor({"S3cret%ZZtok"}).redact("invalid percent-encoded token: \"S3cret%ZZtok\""),
            "invalid percent-encoded token: \"***\"");
}

TEST(Redaction, LeavesNoRestOfASecretThatHoldsAnother) {
  EXPECT_EQ(Redactor({"pass", "password1"}).redact("password1 pass"), "*** ***");
}

TEST(Redaction, ShortSecretsAreMaskedOnlyWhereTheyStandAlone) {
  const Redactor redactor({"pw"});
  EXPECT_EQ(redactor.redact("pw (pw) pwd spw"), "*** (***) pwd spw");
}

TEST(Redaction, EmptySecretsMaskNothing) { EXPECT_EQ(Redactor({""}).redact("text"), "text"); }

TEST(Redaction, MasksPasswordsInUrlsItDoesNotKnow) {
  const Redactor redactor({});
  EXPECT_EQ(redactor.redact("to postgresql://app:hunter2@db:5432/x now"), "to postgresql://app:***@db:5432/x now");
  EXPECT_EQ(redactor.redact("\"redis://:hunter2@h\""), "\"redis://:***@h\"");
  EXPECT_EQ(redactor.redact("a://u:p@ss/w@h b://v:q@i"), "a://u:***@h b://v:***@i");
}

TEST(Redaction, LeavesUrlsWithoutPasswordsAlone) {
  const Redactor redactor({});
  for (const auto* text : {"sqlite:///data/app.db", "postgresql://app@db:5432/x", "http://127.0.0.1:9187/metrics",
                           "a://", "a://u:", "mail me@example.org about http://x:80"}) {
    EXPECT_EQ(redactor.redact(text), text);
  }
}

TEST(Redaction, MasksPasswordParameters) {
  const Redactor redactor({});
  EXPECT_EQ(redactor.redact("host=h password=hunter2 user=u"), "host=h password=*** user=u");
  EXPECT_EQ(redactor.redact("password='it\\'s here' user=u"), "password=*** user=u");
  EXPECT_EQ(redactor.redact("a://h/d?password=x&sslpassword=y"), "a://h/d?password=***&sslpassword=***");
  EXPECT_EQ(redactor.redact("password='open"), "password=***");
  EXPECT_EQ(redactor.redact("password="), "password=***");
}

}  // namespace
}  // namespace pgmirror::agent

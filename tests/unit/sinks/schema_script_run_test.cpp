#include "sinks/postgres/schema_script_run.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

constexpr const char* beginning = "ALTER TABLE app.pet ADD CONSTRAINT k FOREIGN KEY (owner) REFERENCES app.person(id)";

std::string foreign_key(const std::string& rest) { return beginning + rest; }

TEST(ForeignKeyWithoutActions, KeepsWhatIsNoAction) {
  for (const char* rest : {"", " MATCH FULL", " DEFERRABLE INITIALLY DEFERRED", " NOT VALID"}) {
    EXPECT_EQ(without_actions(foreign_key(rest)), foreign_key(rest));
  }
}

TEST(ForeignKeyWithoutActions, LosesEachOfThem) {
  for (const char* action :
       {"CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "SET NULL (owner)", "SET DEFAULT (a, b)"}) {
    const std::string rest = std::string(" ON DELETE ") + action;
    EXPECT_EQ(without_actions(foreign_key(rest + " DEFERRABLE")), foreign_key(" DEFERRABLE")) << action;
    EXPECT_EQ(without_actions(foreign_key(" MATCH FULL ON UPDATE CASCADE" + rest)), foreign_key(" MATCH FULL"))
        << action;
  }
}

TEST(ForeignKeyWithoutActions, LeavesNamesAlone) {
  const std::string odd =
      R"(ALTER TABLE app."a ON DELETE CASCADE" ADD CONSTRAINT "x ""ON"" ON UPDATE CASCADE" FOREIGN KEY (b))";
  EXPECT_EQ(without_actions(odd + " ON DELETE CASCADE"), odd);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres

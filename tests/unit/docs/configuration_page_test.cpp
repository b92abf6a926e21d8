#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/settings.hpp"

namespace pgmirror::config {
namespace {

TEST(ConfigurationPage, ListsEverySettingAsTheProgramKnowsIt) {
  std::ostringstream page;
  page << std::ifstream(PGMIRROR_DOCS "/configuration.md").rdbuf();
  EXPECT_NE(page.str().find(settings_listing()), std::string::npos)
      << "docs/configuration.md must hold exactly this table:\n"
      << settings_listing();
}

}  // namespace
}  // namespace pgmirror::config

#include "tests/scenario/postgres_source/left_server.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pgmirror::tests {

std::string single_rows(int first, int last) {
  return fmt::format("DO $$ BEGIN FOR i IN {}..{} LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$", first,
                     last);
}

Lines inserts(int first, int last) {
  Lines lines;
  for (int id = first; id <= last; ++id) lines.push_back(fmt::format("insert t [{}]", id));
  return lines;
}

void leave(FollowedServer& followed) {
  followed.sql("CREATE TABLE t (id int PRIMARY KEY)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  followed.stop_and_free_slot();
}

int backlog_readers(FollowedServer& followed) {
  return std::stoi(
      followed.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgmirror backlog' AND datname ="
                   " current_database() AND state = 'active' AND query LIKE 'COPY%'"));
}

bool reads_backlog(FollowedServer& followed) { return backlog_readers(followed) > 0; }

}  // namespace pgmirror::tests

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/catalog_watcher.hpp"
#include "capture/postgres/postgres_snapshot.hpp"
#include "capture/postgres/sequence_watch.hpp"
#include "capture/postgres/triggers/definitions.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using namespace capture::postgres;

constexpr const char* schema =
    "CREATE TABLE first(id int PRIMARY KEY); CREATE TABLE second(id int PRIMARY KEY);"
    "CREATE VIEW both_of_them AS SELECT first.id FROM first JOIN second USING (id);"
    "CREATE SEQUENCE first_numbers; CREATE SEQUENCE second_numbers;"
    "SELECT nextval('first_numbers'), nextval('second_numbers')";

/// The application changes the second thing, then the first, in one transaction, while `read` reads them the other way
/// round: whoever waits holding one of them makes a deadlock of which the application is told first.
void migrates_beside(SourceDatabase& source, const char* second, const char* first, const std::function<void()>& read) {
  pqxx::connection application(connection_string(source.settings()));
  pqxx::work migration(application);
  migration.exec("SET LOCAL deadlock_timeout = '20ms'");
  migration.exec(second);
  auto reading = std::async(std::launch::async, read);
  EXPECT_TRUE(eventually(20s, [&] {
    return source.value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
               " AND pid NOT IN (pg_backend_pid(), " +
               std::to_string(application.backendpid()) +
               ") AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')") != "0";
  })) << "nobody waits for the migration";
  EXPECT_NO_THROW(migration.exec(first));
  migration.commit();
  EXPECT_NO_THROW(reading.get());
}

void migrates_tables_beside(SourceDatabase& source, const std::function<void()>& read) {
  migrates_beside(source, "ALTER TABLE second ADD v int", "ALTER TABLE first ADD v int", read);
}

/// A watcher that has looked once.
struct WatchedDatabase {
  WatchedDatabase() {
    source.exec(schema);
    watcher.poll(session);
  }

  SourceDatabase source;
  TemporaryDirectory directory;
  CatalogWatcher watcher{{}, {.views = true}, directory / "catalog"};
  libpq::Connection session = source.session();
};

TEST(BriefLocks, AMigrationIsNoVictimOfTheCatalogWatcher) {
  WatchedDatabase database;
  auto& [source, directory, watcher, session] = database;
  source.exec("CREATE TABLE third(id int PRIMARY KEY)");
  std::optional<CatalogNews> news;
  migrates_tables_beside(source, [&] { news = watcher.poll(session); });
  ASSERT_TRUE(news);
  EXPECT_EQ(news->picture.table(static_cast<ObjectId>(std::stoul(source.value("SELECT 'first'::regclass::oid"))))
                ->columns.size(),
            2U)
      << "the definitions are those of after the migration";
}

TEST(BriefLocks, TheCatalogWatcherGivesUpWhereItHasOtherThingsToDo) {
  WatchedDatabase database;
  auto& [source, directory, watcher, session] = database;
  {
    pqxx::connection application(connection_string(source.settings()));
    pqxx::work migration(application);
    migration.exec("LOCK TABLE second");
    source.exec("CREATE TABLE third(id int PRIMARY KEY)");
    try {
      watcher.poll(session, 0ms);
      ADD_FAILURE() << "a locked definition was read";
    } catch (const libpq::DatabaseError& error) {
      EXPECT_TRUE(is_locked(error)) << error.what();
    }
    EXPECT_FALSE(session.in_transaction());
  }
  EXPECT_TRUE(watcher.poll(session, 0ms));
}

TEST(BriefLocks, AMigrationIsNoVictimOfASnapshot) {
  SourceDatabase source;
  source.exec(schema);
  pqxx::connection exporter(connection_string(source.settings()));
  pqxx::transaction<pqxx::isolation_level::repeatable_read> exporting(exporter);
  PostgresSnapshot snapshot(source.settings(), config::TableRules{}, {.views = true},
                            exporting.exec("SELECT pg_export_snapshot()").at(0).at(0).c_str(), change::Position{7});
  migrates_tables_beside(source, [&] { EXPECT_FALSE(snapshot.definition().empty()); });
}

TEST(BriefLocks, AMigrationIsNoVictimOfTheDefinitionsBesideTriggers) {
  SourceDatabase source;
  source.exec(schema);
  const TemporaryDirectory directory;
  config::PostgresSource settings;
  settings.connection = source.settings();
  settings.views = true;
  triggers::Definitions definitions(settings, config::TableRules{}, directory.path());
  libpq::Connection session = source.session();
  session.execute("BEGIN");
  migrates_tables_beside(source, [&] { EXPECT_TRUE(definitions.look(session)); });
}

TEST(BriefLocks, AMigrationIsNoVictimOfTheSequences) {
  SourceDatabase source;
  source.exec(schema);
  libpq::Connection session = source.session();
  std::vector<SequenceState> states{2};
  states[0].oid = static_cast<ObjectId>(std::stoul(source.value("SELECT 'first_numbers'::regclass::oid")));
  states[1].oid = static_cast<ObjectId>(std::stoul(source.value("SELECT 'second_numbers'::regclass::oid")));
  migrates_beside(source, "ALTER SEQUENCE second_numbers INCREMENT 2", "ALTER SEQUENCE first_numbers INCREMENT 2",
                  [&] { read_last_values(session, states); });
  EXPECT_EQ(states[0].last_value, 1);
  EXPECT_EQ(states[1].last_value, 1);
}

TEST(BriefLocks, SequencesThatAreLockedAreToldTheNextTime) {
  SourceDatabase source;
  source.exec(schema);
  const TemporaryDirectory directory;
  libpq::Connection session = source.session();
  const RelationCatalog catalog = source.catalog();
  SequenceWatch watch(directory / "sequences");
  {
    pqxx::connection application(connection_string(source.settings()));
    pqxx::work migration(application);
    migration.exec("ALTER SEQUENCE second_numbers INCREMENT 2");
    EXPECT_TRUE(watch.poll(session, catalog).empty());
  }
  EXPECT_EQ(watch.poll(session, catalog).values.size(), 2U);
}

}  // namespace
}  // namespace pgmirror::tests

#include "capture/postgres/slot_check.hpp"

#include <gtest/gtest.h>

#include <set>

#include "capture/postgres/slot_names.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;

SourceFacts good_facts() {
  SourceFacts facts;
  facts.system_identifier = "7000";
  facts.database_oid = "16384";
  facts.timeline = "1";
  facts.log_end = {1000};
  facts.wal_level = "logical";
  facts.encoding = "UTF8";
  return facts;
}

SlotFacts good_slot() {
  SlotFacts slot;
  slot.plugin = "pgoutput";
  slot.database = "app";
  slot.wal_status = "reserved";
  slot.confirmed_flush = {900};
  return slot;
}

ExpectedHistory good_history() {
  return {.source = "db:5432/app",
          .slot = "s",
          .database = "app",
          .identity = change::SourceIdentity{"postgresql:7000/16384/1"},
          .queue_end = {900}};
}

std::string refusal(const SourceFacts& facts, const std::optional<SlotFacts>& slot, const ExpectedHistory& expected) {
  try {
    require_usable(facts, expected.source);
    require_continuation(facts, slot, expected);
    return {};
  } catch (const capture::SourceRefused& refused) {
    return refused.what();
  }
}

TEST(SlotCheck, QueueAtOrBeyondTheSlotIsContinued) {
  EXPECT_EQ(refusal(good_facts(), good_slot(), good_history()), "");
  ExpectedHistory ahead = good_history();
  ahead.queue_end = {1000};
  EXPECT_EQ(refusal(good_facts(), good_slot(), ahead), "");
}

TEST(SlotCheck, V1_QueueOneByteBehindTheSlotIsRefused) {
  SlotFacts slot = good_slot();
  slot.confirmed_flush = {901};
  EXPECT_NE(refusal(good_facts(), slot, good_history()).find("restored from an older backup"), std::string::npos);
}

TEST(SlotCheck, S14_LogThatEndsBeforeTheQueueIsRefused) {
  SourceFacts facts = good_facts();
  facts.log_end = {899};
  EXPECT_NE(refusal(facts, good_slot(), good_history()).find("restored from a backup"), std::string::npos);
}

TEST(SlotCheck, EachPartOfTheIdentityHasItsOwnWords) {
  SourceFacts facts = good_facts();
  facts.system_identifier = "70";
  EXPECT_NE(refusal(facts, good_slot(), good_history()).find("another database cluster"), std::string::npos);
  facts = good_facts();
  facts.database_oid = "1638";
  EXPECT_NE(refusal(facts, good_slot(), good_history()).find("was made anew"), std::string::npos);
  facts = good_facts();
  facts.timeline = "12";
  EXPECT_NE(refusal(facts, good_slot(), good_history()).find("timeline 12"), std::string::npos);
}

TEST(SlotCheck, EveryRefusalNamesTheSourceAndARemedy) {
  SlotFacts lost = good_slot();
  lost.wal_status = "lost";
  SourceFacts standby = good_facts();
  standby.standby = true;
  for (const std::string& words :
       {refusal(good_facts(), std::nullopt, good_history()), refusal(good_facts(), lost, good_history())}) {
    EXPECT_TRUE(words.starts_with("source db:5432/app: ")) << words;
    EXPECT_NE(words.find("pgmirror resync --all"), std::string::npos) << words;
  }
  EXPECT_NE(refusal(standby, good_slot(), good_history()).find("connect to the primary"), std::string::npos);
}

TEST(SlotNames, FitASlotAndStayApart) {
  const auto slot = [](const std::string& database) {
    config::PostgresSource settings;
    settings.connection.database = database;
    return slot_names(settings).slot;
  };
  EXPECT_EQ(slot("app"), "pgmirror_app");
  const std::vector<std::string> odd{"App",       "app-1", "app 1", std::string(63, 'a'), std::string(62, 'a') + "b",
                                     "\xC3\xA4pp"};
  std::set<std::string> names;
  for (const std::string& database : odd) {
    const std::string name = slot(database);
    EXPECT_LE(name.size(), 63U);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos) << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), odd.size());
  config::PostgresSource settings;
  settings.slot = "mine";
  EXPECT_EQ(slot_names(settings).publication, "mine");
}

}  // namespace
}  // namespace pgmirror::tests

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/postgres/brief_locks.hpp"
#include "capture/postgres/catalog_event.hpp"
#include "capture/postgres/schema_script.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "capture/postgres/triggers/key_columns.hpp"
#include "capture/postgres/triggers/table_triggers.hpp"
#include "capture/postgres/triggers/trigger_memory.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres::triggers {

/// What has happened to definitions and triggers between what the queue knows and one moment.
struct DefinitionNews {
  std::string fingerprint;
  CatalogPicture picture;                ///< without tables that do not have all their triggers yet and are not known
  std::vector<CatalogEvent> events;      ///< in the order in which they are to be told
  std::map<ObjectId, std::string> gaps;  ///< tables whose log cannot be trusted for this interval, with the reason
  std::vector<WantedTriggers> missing;   ///< triggers to make; the tables of these are left alone until they stand
  std::set<ObjectId> suspended;          ///< those tables
  TriggerMemory triggers;
  std::map<ObjectId, RowLayout> layouts;
  std::map<ObjectId, KeyColumns> keys;

  /// Whether the queue has to be told anything.
  bool worth_telling() const { return !events.empty() || !gaps.empty(); }
};

/// Definitions, triggers and layouts of the source's tables as the queue knows them, from one interval to the next.
///
/// The log of an interval can be read when the tables that it is about had the same triggers, and their keys the same
/// places, all the time; where that is not certain the table's content is taken anew. One thread.
class Definitions {
 public:
  /// Keeps what it knows in `state_directory`. Throws std::runtime_error, std::system_error.
  Definitions(const config::PostgresSource& settings, const config::TableRules& rules,
              const std::filesystem::path& state_directory);

  /// Whether a picture was kept: this is not the first start.
  bool known() const { return known_.has_value(); }
  /// A new queue begins: whatever is kept belongs to another one.
  void forget();
  /// At a moment; nothing when all is as it was. `patience` with locks of the application, see read_with_brief_locks.
  /// Throws DatabaseError.
  std::optional<DefinitionNews> look(libpq::Connection& connection,
                                     std::chrono::milliseconds patience = as_long_as_it_takes);
  /// The queue has, durably, what the news say.
  void remember(DefinitionNews news);

  /// What follows is as of the last news that were taken.
  void take(const DefinitionNews& news);
  const RelationCatalog& catalog() const { return catalog_; }
  StreamRelations& relations() { return relations_; }
  const std::map<ObjectId, RowLayout>& layouts() const { return layouts_; }
  const KeyColumns& key(ObjectId table) const { return keys_.at(table); }
  bool suspended(ObjectId table) const { return suspended_.contains(table); }

 private:
  using TriggerStates = std::map<ObjectId, TriggerState>;
  void read(libpq::Connection& connection, DefinitionNews& news) const;
  void judge(const FollowedTable& table, const TriggerStates& states, DefinitionNews& news) const;
  std::string why_distrusted(const FollowedTable& table, const CatalogTable& now, const TriggerStates& states,
                             const DefinitionNews& news) const;
  void tell_known();

  config::TableRules rules_;
  ScriptOptions options_;
  std::filesystem::path picture_file_;
  std::filesystem::path trigger_file_;
  std::optional<CatalogPicture> known_;
  TriggerMemory triggers_;
  std::string fingerprint_;
  RelationCatalog catalog_;
  StreamRelations relations_;
  std::map<ObjectId, RowLayout> layouts_;
  std::map<ObjectId, KeyColumns> keys_;
  std::set<ObjectId> suspended_;
};

}  // namespace pgmirror::capture::postgres::triggers

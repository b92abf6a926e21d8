#include "capture/postgres/triggers/definitions.hpp"

#include <algorithm>
#include <utility>

#include "capture/postgres/catalog_comparison.hpp"
#include "capture/postgres/catalog_fingerprint.hpp"
#include "capture/postgres/catalog_follower.hpp"
#include "capture/postgres/catalog_memory.hpp"
#include "capture/postgres/event_writing.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

std::vector<int> key_numbers(const FollowedTable& table) {
  std::vector<int> numbers;
  if (table.relation->identity != change::ReplicaIdentity::key) return numbers;
  for (const std::size_t column : table.relation->key) numbers.push_back(table.column_numbers[column]);
  return numbers;
}

bool all_there(const CatalogTable& table, const std::map<ObjectId, TriggerState>& states) {
  return std::ranges::all_of(table.leaves, [&](const CatalogLeaf& leaf) { return states.contains(leaf.oid); });
}

/// The columns of the key as a partition numbers them.
std::vector<int> numbers_in(const RowLayout& layout, const FollowedTable& table) {
  std::vector<int> numbers;
  if (table.relation->identity != change::ReplicaIdentity::key) return numbers;
  for (const std::size_t column : table.relation->key) {
    const auto at = std::ranges::find(layout, table.relation->columns[column].name, &LaidColumn::name);
    if (at != layout.end()) numbers.push_back(at->number);
  }
  return numbers;
}

RowLayout without_names(RowLayout layout) {
  for (LaidColumn& column : layout) column.name.clear();
  return layout;
}

}  // namespace

Definitions::Definitions(const config::PostgresSource& settings, const config::TableRules& rules,
                         const std::filesystem::path& state_directory)
    : rules_(rules),
      options_(script_options(settings)),
      picture_file_(state_directory / "source-catalog"),
      trigger_file_(state_directory / "source-triggers"),
      known_(recall_picture(picture_file_)),
      triggers_(recall_triggers(trigger_file_)),
      catalog_(rules, config::CaptureMethod::triggers) {
  if (known_) tell_known();
}

void Definitions::forget() {
  std::filesystem::remove(picture_file_);
  std::filesystem::remove(trigger_file_);
  known_.reset();
  triggers_.clear();
  fingerprint_.clear();
  relations_ = {};
}

void Definitions::tell_known() {
  // The picture has what was mirrored by the rules of then.
  for (const CatalogTable& table : known_->tables) {
    if (const auto followed = follow(table, config::TableRules{})) {
      relations_.told(followed->oid, {.relation = as_streamed(*followed)});
    }
  }
}

std::optional<DefinitionNews> Definitions::look(libpq::Connection& connection, std::chrono::milliseconds patience) {
  DefinitionNews news;
  news.fingerprint = catalog_fingerprint(connection);
  if (known_ && news.fingerprint == fingerprint_) return std::nullopt;
  read_with_brief_locks(connection, patience, [&] { read(connection, news); });
  return news;
}

void Definitions::read(libpq::Connection& connection, DefinitionNews& news) const {
  news = {.fingerprint = std::move(news.fingerprint)};
  RelationCatalog catalog(rules_, config::CaptureMethod::triggers);
  catalog.refresh(connection);
  news.picture = catalog.picture();
  news.picture.objects = scripted_objects(connection, catalog, options_);
  std::vector<WantedTriggers> wanted;
  std::vector<ObjectId> leaves;
  for (const FollowedTable& table : catalog.followed()) {
    if (table.following == Following::none) continue;
    const CatalogTable& source = *news.picture.table(table.oid);
    wanted.push_back(wanted_triggers(table, source));
    for (const CatalogLeaf& leaf : source.leaves) leaves.push_back(leaf.oid);
  }
  news.layouts = read_layouts(connection, leaves);
  news.keys = read_key_columns(connection, catalog);
  const TriggerStates states = read_triggers(connection, wanted, news.picture);
  for (const WantedTriggers& triggers : wanted) {
    if (!all_there(*news.picture.table(triggers.table), states)) news.missing.push_back(triggers);
  }
  for (const FollowedTable& table : catalog.followed()) {
    if (table.following != Following::none) judge(table, states, news);
  }
  if (known_) news.events = compare(*known_, news.picture, rules_);
  std::erase_if(news.events, [&](const CatalogEvent& event) {
    if (event.kind != CatalogEvent::Kind::content_gap) return false;
    news.gaps.emplace(event.table.oid, event.reason);
    return true;
  });
  for (const ObjectId table : news.suspended) news.gaps.erase(table);
}

/// A table that is not known yet appears when a moment shows its triggers: whoever wrote it without them has committed
/// before they were made, since making them waits for all writers.
void Definitions::judge(const FollowedTable& table, const TriggerStates& states, DefinitionNews& news) const {
  const CatalogTable& now = *news.picture.table(table.oid);
  const bool known = known_ && known_->table(table.oid) != nullptr;
  if (!all_there(now, states)) {
    if (known) {
      news.suspended.insert(table.oid);
      // What was known of them stays known, so that they are found to be others when they stand again.
      for (const CatalogLeaf& leaf : now.leaves) {
        if (const auto before = triggers_.find(leaf.oid); before != triggers_.end()) news.triggers.insert(*before);
      }
    } else {
      std::erase_if(news.picture.tables, [&](const CatalogTable& other) { return other.oid == table.oid; });
      std::erase_if(news.picture.objects, [&](const ScriptedObject& object) { return object.table == table.oid; });
    }
    return;
  }
  if (known) {
    const std::string reason = why_distrusted(table, now, states, news);
    if (!reason.empty()) news.gaps.emplace(table.oid, reason);
  }
  for (const CatalogLeaf& leaf : now.leaves) {
    news.triggers[leaf.oid] = {.generation = states.at(leaf.oid).generation,
                               .layout = without_names(news.layouts[leaf.oid])};
  }
}

std::string Definitions::why_distrusted(const FollowedTable& table, const CatalogTable& now,
                                        const TriggerStates& states, const DefinitionNews& news) const {
  const auto was = follow(*known_->table(table.oid), config::TableRules{});
  if (!was || key_numbers(*was) != key_numbers(table)) {
    return "its key became another one";
  }
  for (const CatalogLeaf& leaf : now.leaves) {
    const TriggerState& state = states.at(leaf.oid);
    const RowLayout& layout = news.layouts.at(leaf.oid);
    const auto before = triggers_.find(leaf.oid);
    if (before == triggers_.end()) {
      if (state.since_birth.empty() || !as_made_by(layout, state.since_birth)) return "it got a partition";
    } else if (before->second.generation != state.generation) {
      return "its triggers were switched off or made anew";
    } else if (!same_places(before->second.layout, layout, numbers_in(layout, table))) {
      return "its columns were altered";
    }
  }
  return {};
}

void Definitions::take(const DefinitionNews& news) {
  catalog_.take(news.picture);
  layouts_ = news.layouts;
  keys_ = news.keys;
  suspended_ = news.suspended;
}

void Definitions::remember(DefinitionNews news) {
  const bool first = !known_;
  CatalogPicture mirrored = as_mirrored(news.picture, rules_);
  if (first || to_bytes(*known_) != to_bytes(mirrored)) keep_picture(picture_file_, mirrored);
  if (first || triggers_ != news.triggers) keep_triggers(trigger_file_, news.triggers);
  known_ = std::move(mirrored);
  triggers_ = std::move(news.triggers);
  fingerprint_ = std::move(news.fingerprint);
  if (first) tell_known();
}

}  // namespace pgmirror::capture::postgres::triggers

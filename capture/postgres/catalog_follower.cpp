#include "capture/postgres/catalog_follower.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "capture/postgres/catalog_comparison.hpp"
#include "capture/postgres/catalog_memory.hpp"
#include "capture/postgres/event_writing.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/unscripted_objects.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto sequence_interval = 5s;
constexpr auto publish_interval = 60s;
constexpr auto publish_soon = 2s;
constexpr auto first_complaint = 5s;
constexpr auto complaint_interval = 60s;
/// Between a commit's record and its being seen; longer only where a synchronous standby has to answer.
constexpr auto longest_commit = 5s;

bool is_published(Following following) { return following == Following::all || following == Following::inserts_only; }

/// One note for those of `events` that `belongs` picks; nothing where there is none.
template <typename Predicate>
std::optional<CatalogNote> note_of(const std::vector<CatalogEvent>& events, change::Position not_before,
                                   change::Position as_of, StreamRelations& relations, Predicate belongs) {
  auto picked = std::make_shared<std::vector<CatalogEvent>>();
  std::ranges::copy_if(events, std::back_inserter(*picked), belongs);
  if (picked->empty()) return std::nullopt;
  return CatalogNote{.not_before = not_before, .write = [picked, as_of, &relations](change::TransactionWriter& writer) {
                       for (const CatalogEvent& event : *picked) write_event(event, as_of, relations, writer);
                     }};
}

}  // namespace

ScriptOptions script_options(const config::PostgresSource& settings) {
  return {.views = settings.views,
          .functions = settings.functions,
          .triggers = settings.triggers,
          .policies = settings.policies};
}

CatalogFollower::CatalogFollower(const config::PostgresSource& settings, const config::TableRules& rules,
                                 Publications publications, StreamRelations& relations,
                                 const std::filesystem::path& state_directory, std::chrono::milliseconds poll_interval)
    : settings_(settings),
      publications_(std::move(publications)),
      relations_(relations),
      memory_(state_directory / "source-catalog"),
      awaited_file_(state_directory / "source-awaited-tables"),
      told_file_(state_directory / "source-told-tables"),
      poll_interval_(poll_interval),
      catalog_(rules),
      sequences_(sequences_file(state_directory)) {}

libpq::Connection& CatalogFollower::connection() {
  if (connection_ && PQstatus(connection_->native()) != CONNECTION_OK) disconnect();
  if (!connection_) {
    connection_.emplace(open_source_session(settings_.connection, "pgmirror catalog"));
    breaker_.guard(PQsocket(connection_->native()));
  }
  return *connection_;
}

void CatalogFollower::disconnect() {
  breaker_.release();
  connection_.reset();
}

void CatalogFollower::start(bool new_slot, change::Position queue_end) {
  if (new_slot) {
    std::filesystem::remove(memory_);
    std::filesystem::remove(awaited_file_);
    std::filesystem::remove(told_file_);
    sequences_.forget();
  }
  awaited_.emplace(awaited_file_);
  told_.emplace(told_file_);
  watcher_.emplace(catalog_.rules(), script_options(settings_), memory_);
  // Before anything is published: a table that is made meanwhile is news then.
  if (!std::filesystem::exists(memory_)) watcher_->poll(connection());
  if (const auto remembered = recall_picture(memory_)) tell_remembered(*remembered, told_->known_at(queue_end));
  for (const auto& [table, known] : awaited_->all()) relations_.suspend(table);
  catalog_.refresh(connection());
  publish({}, new_slot);
}

/// Not at the start, which is waited for.
void CatalogFollower::tell_unscripted() {
  if (std::exchange(unscripted_told_, true)) return;
  if (const std::string kinds = unscripted_objects(connection(), script_options(settings_)); !kinds.empty()) {
    spdlog::info("[MirrorSource] Not taken over into the mirror: {}", kinds);
  }
}

void CatalogFollower::tell_remembered(const CatalogPicture& picture, const std::map<ObjectId, StreamedRelation>& told) {
  for (const CatalogTable& table : picture.tables) {
    // The picture has what was mirrored by the rules of then.
    const auto followed = follow(table, config::TableRules{});
    if (!followed || !is_published(followed->following)) continue;
    const auto awaited = awaited_->all().find(followed->oid);
    if (awaited != awaited_->all().end() && awaited->second == AwaitedTables::Known::no) continue;
    const auto since = told.find(followed->oid);
    relations_.told(followed->oid, {.relation = since == told.end() ? as_streamed(*followed) : since->second});
  }
}

std::optional<StreamedRelation> CatalogFollower::describe(const RelationMessage& message) {
  return catalog_.relation_of(connection(), message);
}

void CatalogFollower::grow_log() {
  connection().execute("SELECT pg_catalog.pg_logical_emit_message(true, 'pgmirror', '')");
}

void CatalogFollower::poll(StreamFollower& stream) {
  const auto now = Clock::now();
  if (now < next_poll_) return;
  next_poll_ = now + poll_interval_;
  try {
    look(stream);
    tell_unscripted();
    next_complaint_.reset();
    // A catalog of very many tables takes its time; the source has other things to do.
    const auto done = Clock::now();
    next_poll_ = std::max(next_poll_, done + 9 * (done - now));
  } catch (const libpq::DatabaseError& refused) {
    if (!is_locked(refused)) disconnect();
    // A server that restarts is told of by the stream, and most migrations are short.
    if (!next_complaint_) next_complaint_ = now + first_complaint;
    if (now < *next_complaint_) return;
    next_complaint_ = now + complaint_interval;
    spdlog::warn("[MirrorSource] The catalog cannot be read: {}; trying again", refused.what());
  }
}

bool CatalogFollower::keeps_partitions() const {
  return std::ranges::any_of(catalog_.picture().tables, [this](const CatalogTable& table) {
    return table.partitioned && catalog_.rules().keeps_partitions(table.schema, table.name);
  });
}

void CatalogFollower::look_before(const BeginMessage& begin, StreamFollower& stream) {
  if (!keeps_partitions()) return;
  try {
    // The stream tells a commit as soon as it is in the log, a moment before others see it.
    const std::string running = fmt::format(
        "SELECT pg_catalog.pg_sleep(0.002) FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=)"
        " 'transactionid' AND transactionid OPERATOR(pg_catalog.=) '{}'::pg_catalog.xid AND granted",
        begin.transaction_id);
    const auto deadline = Clock::now() + longest_commit;
    while (connection().execute(running).rows() > 0) {
      if (Clock::now() < deadline) continue;
      throw libpq::DatabaseError(
          fmt::format("transaction {} is in the log but not committed yet, as while a synchronous standby is awaited",
                      begin.transaction_id),
          {}, false);
    }
    const libpq::Result now = connection().execute(
        "SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashint8extended("
        "xmin::pg_catalog.text::pg_catalog.int8, inhrelid::pg_catalog.int8))) FROM pg_catalog.pg_inherits");
    const bool same = std::exchange(partitions_, std::string(now.text(0, 0))) == now.text(0, 0);
    if (!same && news_) {
      add_partitions(watcher_->events_since(news_->picture, connection()), stream);
    } else if (!same) {
      if (auto news = watcher_->look(connection())) pass_on(std::move(*news), stream);
    }
  } catch (const libpq::DatabaseError&) {
    // The rows must not come first: the stream begins again before them.
    disconnect();
    partitions_.clear();
    throw;
  }
}

/// Harmless where they stand: they come again when what is on its way is remembered.
void CatalogFollower::add_partitions(const std::vector<CatalogEvent>& events, StreamFollower& stream) {
  const auto makes = [](const CatalogEvent& event) { return event.at_once && event.statement.kind == "partition"; };
  if (auto note = note_of(events, {}, {}, relations_, makes)) stream.add(std::move(*note));
}

void CatalogFollower::look(StreamFollower& stream) {
  // The same news would come again until it is remembered.
  if (!news_) {
    if (auto news = watcher_->look(connection(), 0ms)) pass_on(std::move(*news), stream);
  }
  const bool again = publish_again_ && Clock::now() >= *publish_again_;
  if (again || (!publish_again_ && publications_.narrowed(connection()))) publish({}, false);
  if (!barriers_.empty()) release_published(stream);
  if (Clock::now() >= next_sequences_) pass_on_sequences(stream);
  remember_when_told(stream.durable());
}

/// A name that was given back before anybody looked is in no two pictures, but the stream may have told it.
CatalogNote CatalogFollower::names_as_of(change::Position as_of) {
  const auto redefined = [this, as_of](const FollowedTable& table) {
    return is_published(table.following) && redefines(table, as_of, relations_);
  };
  const auto tables = std::make_shared<const std::vector<FollowedTable>>(catalog_.followed());
  return {.not_before = as_of,
          .write =
              [this, as_of, tables, redefined](change::TransactionWriter& writer) {
                for (const FollowedTable& table : *tables) {
                  if (!redefined(table)) continue;
                  write_event({.kind = CatalogEvent::Kind::table_redefined, .table = table}, as_of, relations_, writer);
                }
              },
          .needed = [tables, redefined] { return std::ranges::any_of(*tables, redefined); }};
}

void CatalogFollower::pass_on(CatalogNews news, StreamFollower& stream) {
  catalog_.take(news.picture);
  bool publishing = false;
  std::vector<ObjectId> appeared;
  for (const CatalogEvent& event : news.events) {
    if (event.kind == CatalogEvent::Kind::table_appeared) appeared.push_back(event.table.oid);
    publishing = publishing || event.kind == CatalogEvent::Kind::table_appeared ||
                 event.kind == CatalogEvent::Kind::table_disappeared ||
                 event.kind == CatalogEvent::Kind::following_changed;
  }
  if (publishing) publish(appeared, false);
  const auto at_once = [](const CatalogEvent& event) { return event.at_once; };
  const auto later = [](const CatalogEvent& event) {
    return !event.at_once && event.kind != CatalogEvent::Kind::table_appeared &&
           event.kind != CatalogEvent::Kind::following_changed;
  };
  for (auto note :
       {note_of(news.events, {}, news.as_of, relations_, at_once),
        note_of(news.events, news.as_of, news.as_of, relations_, later), std::optional(names_as_of(news.as_of))}) {
    if (!note) continue;
    ++untold_;
    note->durable = [this] { --untold_; };
    stream.add(std::move(*note));
  }
  news_ = std::move(news);
}

void CatalogFollower::publish(const std::vector<ObjectId>& appeared, bool from_the_start) {
  publish_again_.reset();
  const Publications::Outcome outcome = publications_.bring_to(connection(), catalog_);
  if (!outcome.refused.empty()) publish_again_ = Clock::now() + (outcome.passing ? publish_soon : publish_interval);
  std::map<ObjectId, AwaitedTables::Known> awaited;
  const auto await = [&](const std::vector<ObjectId>& tables) {
    for (const ObjectId table : tables) {
      const bool known = relations_.as_told(table) != nullptr;
      awaited.emplace(table, known ? AwaitedTables::Known::yes : AwaitedTables::Known::no);
      relations_.suspend(table);
    }
  };
  if (!from_the_start) await(outcome.added);
  await(appeared);
  await(outcome.refused);
  awaited_->add(awaited);
  const std::set<ObjectId> refused(outcome.refused.begin(), outcome.refused.end());
  const std::set<ObjectId> added(outcome.added.begin(), outcome.added.end());
  std::int64_t barrier = 0;
  for (const auto& [table, known] : awaited_->all()) {
    if (refused.contains(table) || (barriers_.contains(table) && !added.contains(table))) continue;
    if (barrier == 0) {
      barrier = connection()
                    .execute("SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())")
                    .integer(0, 0);
    }
    barriers_[table] = barrier;
  }
}

void CatalogFollower::release_published(StreamFollower& stream) {
  const libpq::Result now = connection().execute(
      "SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()),"
      " pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn");
  const std::int64_t oldest = now.integer(0, 0);
  const change::Position as_of{static_cast<std::uint64_t>(now.integer(0, 1))};
  for (auto next = barriers_.begin(); next != barriers_.end();) {
    const ObjectId oid = next->first;
    const FollowedTable* const table = catalog_.followed(oid);
    if (table != nullptr && oldest < next->second) {
      ++next;
      continue;
    }
    next = barriers_.erase(next);
    if (table == nullptr) {
      awaited_->remove(oid);
      continue;
    }
    const auto complete = [this, oid] {
      if (!barriers_.contains(oid)) awaited_->remove(oid);
    };
    stream.add({.not_before = as_of,
                .write =
                    [this, as_of, followed = *table](change::TransactionWriter& writer) {
                      write_new_content(followed, as_of, "its changes are followed from here", relations_, writer);
                    },
                .durable = complete});
    spdlog::info("[MirrorSource] Following table {}", table->relation->qualified_name());
  }
}

void CatalogFollower::pass_on_sequences(StreamFollower& stream) {
  next_sequences_ = Clock::now() + sequence_interval;
  auto news = std::make_shared<SequenceNews>(sequences_.poll(connection(), catalog_));
  if (news->empty()) return;
  // Behind the definitions of the tables that they belong to.
  const libpq::Result place = connection().execute(
      "SELECT pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn");
  stream.add({.not_before = change::Position{static_cast<std::uint64_t>(place.integer(0, 0))},
              .write = [news](change::TransactionWriter& writer) { news->write(writer); },
              .durable = [this, news] { sequences_.remember(*news); }});
}

void CatalogFollower::remember_when_told(change::Position durable) {
  if (!news_ || untold_ > 0) return;
  const CatalogPicture picture = as_mirrored(news_->picture, catalog_.rules());
  watcher_->remember(std::move(*news_));
  told_->settle(picture, durable);
  news_.reset();
}

}  // namespace pgmirror::capture::postgres

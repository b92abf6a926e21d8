#include "capture/postgres/triggers/log_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "capture/postgres/catalog_follower.hpp"
#include "capture/postgres/event_writing.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/change_log.hpp"
#include "capture/postgres/triggers/progress.hpp"
#include "capture/postgres/triggers/source_check.hpp"
#include "capture/postgres/unscripted_objects.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

using namespace std::chrono_literals;
using Kind = CatalogEvent::Kind;

constexpr auto sequence_interval = 5s;
/// How long to wait before the log is looked at again: right after something was found, and at most.
constexpr auto shortest_pause = 20ms;
constexpr auto longest_pause = 250ms;
/// A migration of the application holds its table for as long as it likes, and our moment holds old rows meanwhile.
constexpr const char* short_lock_wait = "SET LOCAL lock_timeout = '5s'";
constexpr auto definition_patience = 5s;
constexpr std::string_view data_exception = "22";

/// Objects over rows are made behind them: the rows of before may violate a constraint that those of now keep.
bool belongs_behind_rows(const CatalogEvent& event) {
  if (event.kind != Kind::statement || event.at_once) return false;
  return event.statement.stage == change::SchemaStatement::Stage::after_data || event.statement.kind == "domain";
}

}  // namespace

LogSession::LogSession(LogFollowing& following, change::TransactionWriter& writer)
    : following_(following),
      writer_(writer),
      noting_(open_source_session(following.settings.connection, "pgmirror")),
      definitions_(following.settings, following.rules, following.state_directory),
      sequences_(sequences_file(following.state_directory)) {
  following_.noting.guard(PQsocket(noting_.native()));
  const SourceFacts facts = read_source_facts(noting_);
  require_fit(facts, following_.history.source);
  take_log(noting_);
  if (renew_log_function(noting_)) spdlog::info("[MirrorSource] Renewed the function that writes the log of changes");
  note_truncation(noting_);
  since_ = require_continuation(noting_, facts, following_.history);
  promise_lost_ = following_.moments.any_lost(noting_, following_.history.queue_end);
  open_reading();
  if (!std::exchange(following_.unscripted_told, true)) {
    const std::string kinds = unscripted_objects(noting_, script_options(following_.settings));
    if (!kinds.empty()) spdlog::info("[MirrorSource] Not taken over into the mirror: {}", kinds);
  }
  spdlog::info("[MirrorSource] Following {} by triggers from {}", following_.history.source,
               to_string(following_.history.queue_end));
}

LogSession::~LogSession() {
  following_.noting.release();
  following_.reading.release();
}

void LogSession::open_reading() {
  if (reading_) return;
  reading_.emplace(open_source_session(following_.settings.connection, "pgmirror changes"));
}

void LogSession::follow(const std::stop_token& stop) {
  std::chrono::milliseconds pause = shortest_pause;
  while (!stop.stop_requested()) {
    if (installation_.due()) {
      installation_.attempt(noting_);
      next_look_ = {};
    }
    if (anything_due() && read_moment()) {
      pause = shortest_pause;
    } else {
      pause = std::min<std::chrono::milliseconds>(pause * 3 / 2, longest_pause);
    }
    following_.moments.wait(stop, pause);
  }
}

bool LogSession::anything_due() {
  const auto now = Clock::now();
  if (now >= next_sequences_ && next_look_ != Clock::time_point{}) {
    next_sequences_ = now + sequence_interval;
    sequence_news_.add(sequences_.poll(noting_, definitions_.catalog()));
  }
  return promise_lost_ || now >= next_look_ || !sequence_news_.empty() || following_.moments.any_promised() ||
         LogInterval(since_).has_rows(noting_);
}

/// A full queue is waited for here, and not while the source keeps old rows for a moment.
bool LogSession::in_transaction(const std::function<bool()>& work) {
  writer_.begin();
  transaction_open_ = true;
  const auto forget = [this] {
    if (std::exchange(transaction_open_, false)) writer_.rollback();
  };
  try {
    const bool told = work();
    forget();
    return told;
  } catch (const libpq::DatabaseError&) {
    forget();
    throw;
  } catch (const UnreadableLog&) {
    forget();
    throw;
  }
}

bool LogSession::read_moment() {
  open_reading();
  return in_transaction([this] {
    const auto begun = Clock::now();
    Moments::Next next = following_.moments.next(reading_);
    Moment& moment = next.moment;
    following_.reading.guard(PQsocket(moment.connection().native()));
    if (!next.promised) moment.connection().execute(short_lock_wait);
    const bool told = tell(moment, next.promised);
    following_.reading.release();
    if (!next.promised) reading_ = moment.end();
    // A catalog of very many tables takes its time; the source has other things to do.
    const auto done = Clock::now();
    next_look_ = done + std::max<Clock::duration>(following_.pace.catalog_poll, told ? 0s : 9 * (done - begun));
    return told;
  });
}

void LogSession::finish(Moment& moment) {
  in_transaction([&] { return tell(moment, true); });
}

bool LogSession::tell(Moment& moment, bool promised) {
  std::optional<DefinitionNews> news =
      definitions_.look(moment.connection(), promised ? as_long_as_it_takes : definition_patience);
  if (news) {
    definitions_.take(*news);
    installation_.want(std::exchange(news->missing, {}));
  }
  extents_ = LogInterval(since_).extents(moment.connection());
  const std::vector<ObjectId> changed = changed_tables(extents_);
  log_emptied_ = extents_.contains(change_log_oid(moment.connection()));
  const bool worth_telling = promised || log_emptied_ || promise_lost_ || !changed.empty() || !sequence_news_.empty() ||
                             !following_.unreadable.empty() || (news && news->worth_telling());
  if (worth_telling) {
    Progress::store(noting_, moment.position(), moment.snapshot(), promised);
    write(moment, news, changed);
    writer_.commit({.position = moment.position(), .time = moment.time()});
    transaction_open_ = false;
    writer_.sync();
    if (!sequence_news_.empty()) sequences_.remember(sequence_news_);
    following_.history.queue_end = moment.position();
  }
  if (news) definitions_.remember(std::move(*news));
  since_ = moment.snapshot();
  if (!worth_telling) return false;
  promise_lost_ = false;
  sequence_news_ = {};
  following_.unreadable.clear();
  Progress::release(noting_, moment.position(), moment.snapshot());
  return true;
}

/// Tables of the queue whose log has rows.
std::vector<ObjectId> LogSession::changed_tables(const std::map<ObjectId, LogInterval::Extent>& extents) const {
  std::vector<ObjectId> changed;
  if (extents.empty()) return changed;
  for (const FollowedTable& table : definitions_.catalog().followed()) {
    const auto& leaves = definitions_.catalog().picture().table(table.oid)->leaves;
    const bool any = std::ranges::any_of(leaves, [&](const CatalogLeaf& leaf) { return extents.contains(leaf.oid); });
    if (any && table.following != Following::none && !definitions_.suspended(table.oid)) changed.push_back(table.oid);
  }
  return changed;
}

void LogSession::write(Moment& moment, const std::optional<DefinitionNews>& news,
                       const std::vector<ObjectId>& changed) {
  gaps_ = following_.unreadable;
  if (news) gaps_.insert(news->gaps.begin(), news->gaps.end());
  if (promise_lost_) doubt_all("a snapshot was lost before its place in the queue was written");
  if (log_emptied_) doubt_all("somebody has emptied the log of changes");
  if (news) write_definitions(*news, moment.position());
  for (const auto& [table, reason] : gaps_) write_gap(table, reason);
  for (const ObjectId table : changed) {
    if (!gaps_.contains(table)) write_rows(moment, table);
  }
  if (news) {
    for (const CatalogEvent& event : news->events) {
      if (belongs_behind_rows(event)) writer_.statement(event.statement);
    }
  }
  sequence_news_.write(writer_);
}

void LogSession::doubt_all(const std::string& reason) {
  for (const FollowedTable& table : definitions_.catalog().followed()) gaps_.emplace(table.oid, reason);
}

void LogSession::write_definitions(const DefinitionNews& news, change::Position position) {
  StreamRelations& relations = definitions_.relations();
  for (const CatalogEvent& event : news.events) {
    if (!belongs_behind_rows(event)) write_event(event, position, relations, writer_);
  }
  for (const CatalogEvent& event : news.events) {
    if (event.kind != Kind::table_appeared) continue;
    write_new_content(event.table, position, "its changes are followed from here", relations, writer_);
    spdlog::info("[MirrorSource] Following table {}", event.table.relation->qualified_name());
    gaps_.erase(event.table.oid);
  }
}

void LogSession::write_gap(ObjectId table, const std::string& reason) {
  const StreamRelations::Told* const told = definitions_.relations().as_told(table);
  if (told == nullptr) return;
  writer_.gap({.relation = told->relation.relation, .reason = reason});
  spdlog::info("[MirrorSource] Table {} is copied again: {}", told->relation.relation->qualified_name(), reason);
}

void LogSession::write_rows(Moment& moment, ObjectId table) {
  const StreamRelations::Told* const told = definitions_.relations().as_told(table);
  if (told == nullptr) return;
  const CatalogTable& source = *definitions_.catalog().picture().table(table);
  const LoggedTable logged{
      .source = source, .told = told->relation, .key = definitions_.key(table), .layouts = definitions_.layouts()};
  const LogInterval interval(since_);
  try {
    std::optional<std::string> doubt;
    const auto extent = extents_.find(table);
    if (extent != extents_.end() && extent->second.truncated) {
      write_whole_table(moment.connection(), logged, writer_);
    } else if (logged.key.columns.empty()) {
      doubt = write_keyless_rows(moment.connection(), interval, logged, writer_);
    } else {
      doubt = write_keyed_rows(moment.connection(), interval, logged, writer_);
    }
    if (doubt) write_gap(table, *doubt);
  } catch (const libpq::DatabaseError& error) {
    if (!error.sqlstate().starts_with(data_exception)) throw;
    throw UnreadableLog(table, error.what());
  }
}

}  // namespace pgmirror::capture::postgres::triggers

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>

#include "capture/postgres/awaited_tables.hpp"
#include "capture/postgres/catalog_watcher.hpp"
#include "capture/postgres/connection_breaker.hpp"
#include "capture/postgres/publication.hpp"
#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/sequence_watch.hpp"
#include "capture/postgres/stream_follower.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "capture/postgres/told_tables.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

ScriptOptions script_options(const config::PostgresSource& settings);

/// Follows the source's catalog beside the stream: what rows mean, which tables are published, and what changes there
/// without a word in the stream. One thread, a session of its own that is opened again when it was lost.
class CatalogFollower {
 public:
  /// In `state_directory` the catalog is kept as the queue knows it.
  CatalogFollower(const config::PostgresSource& settings, const config::TableRules& rules, Publications publications,
                  StreamRelations& relations, const std::filesystem::path& state_directory,
                  std::chrono::milliseconds poll_interval);

  /// Reads the catalog and publishes what the rules want. `new_slot`: nothing that is published now can be missing from
  /// the stream, and whatever was remembered belongs to another queue; else the queue ends at `queue_end`. Throws
  /// DatabaseError, std::runtime_error.
  void start(bool new_slot, change::Position queue_end);

  /// The queue gets a commit at `position` next: what it is told of tables there is remembered first. Throws
  /// std::system_error.
  void remember_told(change::Position position) { told_->add(position, relations_.newly_told()); }

  /// For the stream. Throws DatabaseError.
  std::optional<StreamedRelation> describe(const RelationMessage& message);

  /// Once in an interval: looks at the catalog and gives the stream what the queue is to be told. A source that does
  /// not answer is tried again.
  void poll(StreamFollower& stream);

  /// Where a mirror keeps partitions, they have to stand there before their rows come: looks at the catalog once more
  /// if it was not looked at since that commit. Two cheap statements while no partition came or went. Throws
  /// DatabaseError.
  void look_before(const BeginMessage& begin, StreamFollower& stream);

  /// Makes the server's log grow by a few bytes, so that there is a position for what waits for one.
  void grow_log();

  /// Ends what waits for the server, with DatabaseError. Any thread.
  void abandon() { breaker_.break_connection(); }

 private:
  using Clock = std::chrono::steady_clock;
  libpq::Connection& connection();
  void disconnect();
  void tell_unscripted();
  void tell_remembered(const CatalogPicture& picture, const std::map<ObjectId, StreamedRelation>& told);
  void look(StreamFollower& stream);
  void pass_on(CatalogNews news, StreamFollower& stream);
  /// `appeared` are new to the queue, whoever has published them. `from_the_start`: what gets published now was so
  /// before anything was streamed.
  void publish(const std::vector<ObjectId>& appeared, bool from_the_start);
  void release_published(StreamFollower& stream);
  void pass_on_sequences(StreamFollower& stream);
  void remember_when_told(change::Position durable);
  CatalogNote names_as_of(change::Position as_of);
  bool keeps_partitions() const;
  void add_partitions(const std::vector<CatalogEvent>& events, StreamFollower& stream);

  const config::PostgresSource settings_;
  Publications publications_;
  StreamRelations& relations_;
  const std::filesystem::path memory_;
  const std::filesystem::path awaited_file_;
  const std::filesystem::path told_file_;
  const std::chrono::milliseconds poll_interval_;
  RelationCatalog catalog_;
  std::optional<CatalogWatcher> watcher_;
  SequenceWatch sequences_;
  ConnectionBreaker breaker_;
  std::optional<libpq::Connection> connection_;

  Clock::time_point next_poll_{};
  std::string partitions_;  ///< what tells them from others, at the last look
  Clock::time_point next_sequences_{};
  std::optional<Clock::time_point> publish_again_;
  bool unscripted_told_ = false;
  std::optional<Clock::time_point> next_complaint_;  ///< while the catalog cannot be read
  std::optional<CatalogNews> news_;                  ///< not all of it is durable in the queue
  std::size_t untold_ = 0;                           ///< notes of it that are not
  std::optional<AwaitedTables> awaited_;
  std::optional<ToldTables> told_;
  /// Of awaited tables that are published: the transaction number that all older ones have to leave behind, since what
  /// those wrote before may be missing from the stream.
  std::map<ObjectId, std::int64_t> barriers_;
};

}  // namespace pgmirror::capture::postgres

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "change/transaction.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// How a table of the source stands with one mirror.
struct TrackedTable {
  enum class State : std::uint8_t {
    absent,   ///< never copied: its changes come with the copy
    live,     ///< holds all changes up to the checkpoint; those up to copied_at came with the copy
    stopped,  ///< frozen after a change that the mirror refused; resync brings it back
    dropped,  ///< gone at the source, kept in the mirror
  };
  State state = State::absent;
  change::Position copied_at;
  bool may_have_odd = false;
  std::string last_error;
  MirrorTablePtr table;       ///< null until described; always null for absent
  std::uint64_t changes = 0;  ///< applied since the session began
  std::uint64_t skipped = 0;  ///< left out since it stopped, since the session began
};

const char* to_string(TrackedTable::State state);

/// The tables of one mirror as `pgmirror.tables` and the catalog tell, for one session. One thread.
class TableRegistry {
 public:
  TableRegistry(const SchemaBuilder& schema, std::string mirror);

  /// Reads all states again; forgets descriptions. Throws DatabaseError.
  void load(libpq::Connection& connection);

  /// Null when the relation has to be described first.
  TrackedTable* find(const change::RelationPtr& relation);
  /// Reads how the relation stands. A table that does not fit any more is copied again where the source is a PostgreSQL
  /// server, and stopped otherwise, or when that was in vain; where the rule is to stop everything: SchemaError. The
  /// connection must not be in a pipeline.
  TrackedTable& describe(libpq::Connection& connection, const change::RelationPtr& relation);

  /// The relation stands as `table` and is live, as somebody else has found out or seen to.
  TrackedTable& stands(const change::RelationPtr& relation, MirrorTablePtr table);

  /// By name, absent where nothing is known. Stays valid for the registry's life.
  TrackedTable& by_name(const change::Relation& relation);
  /// After SchemaFollow::follow(): `after` stands as `table`, from `position` on. Part of the caller's transaction.
  void redefined(libpq::Connection& connection, const change::SchemaChange& change, MirrorTablePtr table,
                 change::Position position);
  /// The table, stopped as it is, has another name from here on.
  void renamed(const change::Relation& before, const change::Relation& after);
  /// All tables are described again when they come: their indexes changed.
  void forget_descriptions() { by_relation_.clear(); }
  /// The table has to be copied, again if it was: its changes until then come with the copy. Part of the caller's
  /// transaction.
  void await_copy(libpq::Connection& connection, const change::Relation& relation, const std::string& reason);
  /// A constraint or index that came from the source refuses what the source has: it is another one there, or gone. Its
  /// table is copied again, as await_copy() in a transaction of its own. False where it came from somebody else.
  bool await_copy_for(libpq::Connection& connection, const libpq::ConstraintName& refusing);
  /// Whether any table waits for a copy.
  bool any_awaits_copy() const;
  /// Whether await_copy() was called since the last question.
  bool take_copy_asked() { return std::exchange(copy_asked_, false); }
  /// Freezes a table. Part of the caller's transaction.
  void stop(libpq::Connection& connection, TrackedTable& table, const change::Relation& relation,
            const std::string& reason);

  TrackedTable::State state_of(const change::Relation& relation) const;
  bool all_live(const std::vector<change::RelationPtr>& relations) const;

  using Name = std::pair<std::string, std::string>;  ///< schema and table in the mirror
  const std::map<Name, TrackedTable>& tables() const { return tables_; }

 private:
  Name name_of(const change::Relation& relation) const;
  void save_state(libpq::Connection& connection, const Name& name, const TrackedTable& table) const;

  const SchemaBuilder& schema_;
  std::string mirror_;
  std::map<Name, TrackedTable> tables_;
  bool copy_asked_ = false;
  std::map<Name, unsigned> copies_for_misfit_;  ///< that were asked for because a table did not fit its rows
  std::unordered_map<const change::Relation*, std::pair<change::RelationPtr, TrackedTable*>> by_relation_;
};

}  // namespace pgmirror::sinks::postgres

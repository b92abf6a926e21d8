#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/catalog_picture.hpp"
#include "capture/postgres/column_numbers.hpp"
#include "capture/postgres/pgoutput_message.hpp"
#include "change/transaction.hpp"
#include "config/config.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::postgres {

/// How a table's changes can be followed without making the application's own UPDATE fail (PostgreSQL refuses it for a
/// published table without identity).
enum class Following : std::uint8_t {
  all,           ///< publish insert, update, delete, truncate
  inserts_only,  ///< publish insert and truncate: no usable identity
  none,          ///< unlogged: nothing of it is in the log
};

/// A table that the rules want. Its columns' defaults are not among what the relation tells: catalog_comparison.hpp.
struct FollowedTable {
  ObjectId oid = 0;
  change::RelationPtr relation;
  Following following = Following::all;
  std::string reason{};             ///< for people; empty with Following::all
  std::vector<int> column_numbers;  ///< attnum of each of relation->columns
};

/// A table of the stream as it goes to the queue.
struct StreamedRelation {
  change::RelationPtr relation;
  std::vector<std::optional<std::size_t>> places;  ///< of each streamed column in relation->columns; empty: excluded
  std::vector<int> column_numbers;                 ///< attnum of each of relation->columns; 0: not known any more
  /// The table in a catalog that is newer than the message, or older: column_numbers are not known then.
  std::optional<NumberedColumns> other_moment{};
};

/// The tables of a PostgreSQL source through the user's rules, as relations. One thread.
class RelationCatalog {
 public:
  /// With triggers whatever identifies a row serves, and a table without a key is followed by whole rows.
  explicit RelationCatalog(config::TableRules rules, config::CaptureMethod method = config::CaptureMethod::decoding)
      : rules_(std::move(rules)), method_(method) {}

  /// Reads the catalog as `connection` sees it. Blocks, throws DatabaseError.
  void refresh(libpq::Connection& connection);
  /// Takes a picture that somebody has read.
  void take(CatalogPicture picture);
  const CatalogPicture& picture() const { return picture_; }

  /// What the rules want, in order of oid. Tables to publish are those with Following::all and, in a publication of
  /// their own, inserts_only. Name them with ONLY unless they are partitioned: children by inheritance are tables of
  /// their own.
  const std::vector<FollowedTable>& followed() const { return followed_; }
  const FollowedTable* followed(ObjectId oid) const;
  /// Whether the values of this column go to the mirror.
  bool mirrors(ObjectId table, int column_number) const;

  /// Columns and types come from the message, the rest from the catalog, which is read again when it does not know
  /// this definition. The message may be older than the catalog: what the catalog no longer knows is taken from the
  /// message alone. A relation that the rules exclude gives nothing.
  std::optional<StreamedRelation> relation_of(libpq::Connection& connection, const RelationMessage& message);

  const config::TableRules& rules() const { return rules_; }

 private:
  bool knows(const RelationMessage& message) const;

  config::TableRules rules_;
  config::CaptureMethod method_;
  CatalogPicture picture_;
  std::vector<FollowedTable> followed_;
};

/// The table through the rules; nothing when they exclude it. Pure.
std::optional<FollowedTable> follow(const CatalogTable& table, const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres

#pragma once

#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// For a server of that version.
std::string create_publication_sql(const std::string& name, const std::string& operations, int server_version);

/// The publications of one pgmirror on the source: NAME has tables whose changes are all published, NAME_inserts those
/// without a usable identity, of which the server could not publish updates without refusing the application's own.
///
/// Always publications of named tables, made before the slot (a slot cannot decode what was logged before its
/// publication existed), never dropped but by drop(). Each function blocks and throws DatabaseError.
class Publications {
 public:
  explicit Publications(std::string name) : name_(std::move(name)) {}

  std::vector<std::string> names() const { return {name_, name_ + "_inserts"}; }
  bool exist(libpq::Connection& connection) const;
  /// Makes those that are missing, without tables, in one transaction.
  void create(libpq::Connection& connection) const;

  struct Outcome {
    std::vector<ObjectId> added;    ///< rows of transactions that are open now may be missing from the stream
    std::vector<ObjectId> refused;  ///< by the server, which was logged with the remedy
    bool passing = false;           ///< some were only in the way of somebody: it is worth trying again soon
  };
  /// Whether somebody has put a row filter or a column list on them: what those hide is missing from the stream. To be
  /// mended by bring_to().
  bool narrowed(libpq::Connection& connection) const;
  /// Publishes each table whole as it is to be followed, and nothing else.
  Outcome bring_to(libpq::Connection& connection, const RelationCatalog& catalog) const;

  void drop(libpq::Connection& connection) const;

 private:
  std::string name_;
};

}  // namespace pgmirror::capture::postgres

#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "capture/postgres/catalog_picture.hpp"
#include "capture/postgres/relation_catalog.hpp"

namespace pgmirror::capture::postgres {

/// How the queue was told of tables since their catalog was remembered: by the stream, which comes to new names before
/// anybody looks at the catalog.
///
/// A start that took them from the remembered catalog would tell names again that were exchanged, and so exchange them
/// back, or never tell one that has been given back meanwhile.
class ToldTables {
 public:
  /// Throws std::runtime_error when the file cannot be read.
  explicit ToldTables(std::filesystem::path file);

  /// Durable on return. To be called before the queue gets the commit at `position`. Throws std::system_error.
  void add(change::Position position, const std::map<ObjectId, StreamedRelation>& tables);
  /// What a queue that ends at `end` was told last. What was meant for commits behind it is forgotten.
  std::map<ObjectId, StreamedRelation> known_at(change::Position end);
  /// The queue is durable up to `durable`, and `picture` is remembered: forgets what it says as well. Throws
  /// std::system_error.
  void settle(const CatalogPicture& picture, change::Position durable);

 private:
  struct Entry {
    change::Position position;
    CatalogTable table;
  };
  void keep() const;

  std::filesystem::path file_;
  std::vector<Entry> entries_;  ///< in the order of their positions
};

}  // namespace pgmirror::capture::postgres

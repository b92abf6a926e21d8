#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "capture/postgres/catalog_picture.hpp"

namespace pgmirror::capture::postgres {

/// Tables that are to be mirrored and whose stream is not complete yet: published lately, or not published at all
/// because the server refused it. Kept in a file, so that a crash does not make them look complete.
class AwaitedTables {
 public:
  /// Throws std::system_error, and std::runtime_error for a file that is none of ours.
  explicit AwaitedTables(std::filesystem::path file);

  enum class Known : std::uint8_t { no, yes };  ///< whether the queue was told of the table before
  const std::map<ObjectId, Known>& all() const { return tables_; }
  bool has(ObjectId table) const { return tables_.contains(table); }
  // Durable on return; all throw std::system_error.
  void add(const std::map<ObjectId, Known>& tables);
  void remove(ObjectId table);
  void clear();

 private:
  void keep() const;

  std::filesystem::path file_;
  std::map<ObjectId, Known> tables_;
};

}  // namespace pgmirror::capture::postgres

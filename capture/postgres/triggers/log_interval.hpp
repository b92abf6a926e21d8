#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "capture/postgres/catalog_picture.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// The rows of the log that transactions wrote which committed between two snapshots: `since`, and that of the session
/// which asks.
///
/// The order of these rows says nothing: triggers of the application that change further rows put what was done first
/// behind what was done later.
class LogInterval {
 public:
  explicit LogInterval(std::string since) : since_(std::move(since)) {}

  /// A condition on pgmirror.changes.
  std::string condition() const;
  /// The same for some tables.
  std::string condition(const std::vector<ObjectId>& relations) const;
  /// One cheap statement. Throws DatabaseError.
  bool has_rows(libpq::Connection& connection) const;

  struct Extent {
    std::uint64_t rows = 0;
    bool truncated = false;
  };
  /// By table that keeps rows; none for those without any. Throws DatabaseError.
  std::map<ObjectId, Extent> extents(libpq::Connection& connection) const;

 private:
  std::string since_;
};

}  // namespace pgmirror::capture::postgres::triggers

#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/brief_locks.hpp"
#include "capture/postgres/catalog_event.hpp"
#include "capture/postgres/schema_script.hpp"

namespace pgmirror::capture::postgres {

struct CatalogNews {
  change::Position as_of;  ///< events that are not at_once belong behind the commits up to here
  std::vector<CatalogEvent> events;
  CatalogPicture picture;
  std::string fingerprint;
};

/// Looks at the source's catalog again and again. One thread; the connection may be a new one each time.
///
/// The first picture must be remembered before the first snapshot is taken: what happens to a table between the two
/// would not be noticed.
class CatalogWatcher {
 public:
  /// `memory` is a file that keeps the last remembered picture, so that what happened while nobody watched is found at
  /// the next start, other rules included. Throws std::runtime_error when it cannot be read; without a file the first
  /// picture is remembered as it is.
  CatalogWatcher(config::TableRules rules, ScriptOptions options, std::filesystem::path memory);

  /// One cheap statement while nothing has changed: nothing then. `patience` with locks of the application, see
  /// read_with_brief_locks. Throws DatabaseError, std::system_error.
  std::optional<CatalogNews> poll(libpq::Connection& connection,
                                  std::chrono::milliseconds patience = as_long_as_it_takes);
  /// The same whenever the catalog was read at all, events or not; the first picture of all is no news.
  std::optional<CatalogNews> look(libpq::Connection& connection,
                                  std::chrono::milliseconds patience = as_long_as_it_takes);
  /// What happened since `picture`, of news that are not remembered yet; comes again with the next. Throws
  /// DatabaseError.
  std::vector<CatalogEvent> events_since(const CatalogPicture& picture, libpq::Connection& connection) const;
  /// The events of `news` are durable in the queue. Until this is called the same events come again. Throws
  /// std::system_error.
  void remember(CatalogNews news);

 private:
  CatalogNews read(libpq::Connection& connection, std::chrono::milliseconds patience) const;

  config::TableRules rules_;
  ScriptOptions options_;
  std::filesystem::path memory_;
  std::optional<CatalogPicture> known_;
  std::string fingerprint_;  ///< of a catalog that tells nothing beyond what is known
};

}  // namespace pgmirror::capture::postgres

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/schema_script.hpp"

namespace pgmirror::capture::postgres {

/// Something that the catalog tells and the stream does not, or not yet.
struct CatalogEvent {
  enum class Kind : std::uint8_t {
    table_appeared,     ///< publish it, then a gap; its statements come as events of their own, before this one
    table_disappeared,  ///< dropped, or no longer wanted by the rules under its new name
    table_redefined,    ///< columns, key or name; the stream may have told already
    following_changed,  ///< publish it otherwise: `following`
    content_gap,        ///< rows were rewritten, moved in or out without a change of their own
    statement,
  };
  Kind kind = Kind::statement;
  ObjectId table = 0;              ///< all but statement
  change::SchemaChange schema{};   ///< table_appeared, table_disappeared, table_redefined
  change::RelationPtr relation{};  ///< content_gap, following_changed
  Following following = Following::all;
  std::string reason{};  ///< content_gap: for people
  change::SchemaStatement statement{};
  /// Harmless before the stream has reached CatalogNews::as_of, and better early: something that rows in between may
  /// need (a label, a table) or may violate (a constraint that is gone).
  bool at_once = false;
};

struct CatalogNews {
  change::Position as_of;  ///< events that are not at_once belong behind the commits up to here
  std::vector<CatalogEvent> events;
  CatalogPicture picture;
};

/// What has happened between two pictures. Pure.
std::vector<CatalogEvent> compare(const CatalogPicture& before, const CatalogPicture& after,
                                  const config::TableRules& rules);

/// Looks at the source's catalog again and again. One thread; the connection may be a new one each time.
class CatalogWatcher {
 public:
  /// `memory` is a file that keeps the last remembered picture, so that what happened while nobody watched is found at
  /// the next start. Throws std::runtime_error when it cannot be read; one that is not there is no memory.
  CatalogWatcher(config::TableRules rules, ScriptOptions options, std::filesystem::path memory);

  /// One cheap statement while nothing has changed: nothing then. Throws DatabaseError.
  std::optional<CatalogNews> poll(libpq::Connection& connection);
  /// The events of `news` are durable in the queue. Until this is called the same events come again.
  void remember(const CatalogNews& news);

 private:
  config::TableRules rules_;
  ScriptOptions options_;
  std::filesystem::path memory_;
  std::optional<CatalogPicture> known_;
  std::string fingerprint_;  ///< of the remembered picture
  std::string seen_fingerprint_;
};

}  // namespace pgmirror::capture::postgres

#include "capture/postgres/catalog_watcher.hpp"

#include <utility>

#include "capture/postgres/catalog_comparison.hpp"
#include "capture/postgres/catalog_fingerprint.hpp"
#include "capture/postgres/catalog_memory.hpp"

namespace pgmirror::capture::postgres {

CatalogWatcher::CatalogWatcher(config::TableRules rules, ScriptOptions options, std::filesystem::path memory)
    : rules_(std::move(rules)), options_(options), memory_(std::move(memory)), known_(recall_picture(memory_)) {}

std::optional<CatalogNews> CatalogWatcher::poll(libpq::Connection& connection, std::chrono::milliseconds patience) {
  std::optional<CatalogNews> news = look(connection, patience);
  if (!news || !news->events.empty()) return news;
  remember(std::move(*news));
  return std::nullopt;
}

std::optional<CatalogNews> CatalogWatcher::look(libpq::Connection& connection, std::chrono::milliseconds patience) {
  if (known_ && !fingerprint_.empty() && catalog_fingerprint(connection) == fingerprint_) return std::nullopt;
  CatalogNews news = read(connection, patience);
  if (!known_) {
    remember(std::move(news));
    return std::nullopt;
  }
  news.events = compare(*known_, news.picture, rules_);
  return news;
}

std::vector<CatalogEvent> CatalogWatcher::events_since(const CatalogPicture& picture,
                                                       libpq::Connection& connection) const {
  return compare(as_mirrored(picture, rules_), read(connection, as_long_as_it_takes).picture, rules_);
}

CatalogNews CatalogWatcher::read(libpq::Connection& connection, std::chrono::milliseconds patience) const {
  CatalogNews news;
  read_with_brief_locks(connection, patience, [&] {
    news.fingerprint = catalog_fingerprint(connection);
    RelationCatalog catalog(rules_);
    catalog.refresh(connection);
    news.picture = catalog.picture();
    news.picture.objects = scripted_objects(connection, catalog, options_);
  });
  news.as_of = news.picture.as_of;
  return news;
}

void CatalogWatcher::remember(CatalogNews news) {
  CatalogPicture mirrored = as_mirrored(news.picture, rules_);
  if (!known_ || to_bytes(*known_) != to_bytes(mirrored)) keep_picture(memory_, mirrored);
  known_ = std::move(mirrored);
  fingerprint_ = std::move(news.fingerprint);
}

}  // namespace pgmirror::capture::postgres

#include "capture/postgres/catalog_watcher.hpp"

#include <utility>

#include "capture/postgres/catalog_comparison.hpp"
#include "capture/postgres/catalog_memory.hpp"
#include "libpq/database_transaction.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// Each write of a catalog row leaves the writer's transaction in it, so the sum over a catalog changes with it; the
/// count tells what is gone. Statistics and VACUUM write in place and leave no trace.
std::string read_fingerprint(libpq::Connection& connection) {
  struct Part {
    const char* catalog;
    const char* place;  ///< a number that tells a row from the others
    const char* rows;
  };
  static constexpr Part parts[] = {
      {"pg_class", "oid::pg_catalog.int8", "oid >= 16384 AND relpersistence <> 't'"},
      {"pg_attribute", "attrelid::pg_catalog.int8 * 2048 + attnum", "attrelid >= 16384 AND attnum > 0"},
      {"pg_attrdef", "oid::pg_catalog.int8", "true"},
      {"pg_index", "indexrelid::pg_catalog.int8", "indexrelid >= 16384"},
      {"pg_constraint", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_inherits", "inhrelid::pg_catalog.int8", "true"},
      {"pg_namespace", "oid::pg_catalog.int8", "true"},
      {"pg_type", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_enum", "oid::pg_catalog.int8", "true"},
      {"pg_proc", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_rewrite", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_trigger", "oid::pg_catalog.int8", "true"},
      {"pg_sequence", "seqrelid::pg_catalog.int8", "true"},
      {"pg_statistic_ext", "oid::pg_catalog.int8", "true"},
      {"pg_description", "objoid::pg_catalog.int8", "objoid >= 16384"},
      {"pg_extension", "oid::pg_catalog.int8", "true"},
      {"pg_collation", "oid::pg_catalog.int8", "oid >= 16384"},
  };
  std::string sql;
  for (const Part& part : parts) {
    sql += sql.empty() ? "SELECT pg_catalog.concat_ws(' '" : "";
    sql += std::string(
               ", (SELECT pg_catalog.concat(pg_catalog.count(*), ':',"
               " pg_catalog.sum(pg_catalog.hashint8extended(xmin::pg_catalog.text::pg_catalog.int8, ")
               .append(part.place)
               .append("))) FROM pg_catalog.")
               .append(part.catalog)
               .append(" WHERE ")
               .append(part.rows)
               .append(")");
  }
  return std::string(connection.execute(sql + ")").text(0, 0));
}

}  // namespace

CatalogWatcher::CatalogWatcher(config::TableRules rules, ScriptOptions options, std::filesystem::path memory)
    : rules_(std::move(rules)), options_(options), memory_(std::move(memory)), known_(recall_picture(memory_)) {}

std::optional<CatalogNews> CatalogWatcher::poll(libpq::Connection& connection) {
  if (known_ && !fingerprint_.empty() && read_fingerprint(connection) == fingerprint_) return std::nullopt;
  CatalogNews news;
  {
    libpq::DatabaseTransaction transaction(connection);
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    news.fingerprint = read_fingerprint(connection);
    RelationCatalog catalog(rules_);
    catalog.refresh(connection);
    news.picture = catalog.picture();
    news.picture.objects = scripted_objects(connection, catalog, options_);
    transaction.commit();
  }
  news.as_of = news.picture.as_of;
  if (known_) news.events = compare(*known_, news.picture, rules_);
  if (!news.events.empty()) return news;
  remember(std::move(news));
  return std::nullopt;
}

void CatalogWatcher::remember(CatalogNews news) {
  CatalogPicture mirrored = as_mirrored(news.picture, rules_);
  if (!known_ || to_bytes(*known_) != to_bytes(mirrored)) keep_picture(memory_, mirrored);
  known_ = std::move(mirrored);
  fingerprint_ = std::move(news.fingerprint);
}

}  // namespace pgmirror::capture::postgres

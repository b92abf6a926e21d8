#include "capture/postgres/publication.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "capture/postgres/server_versions.hpp"
#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr const char* not_owner = "42501";
constexpr const char* lock_not_available = "55P03";
constexpr const char* undefined_table = "42P01";  ///< renamed or dropped since the catalog was read

enum class Altered : std::uint8_t { done, refused, in_the_way };

struct Member {
  ObjectId oid = 0;
  std::string table;  ///< as ALTER PUBLICATION takes it
  auto operator<=>(const Member& other) const { return oid <=> other.oid; }
  bool operator==(const Member& other) const { return oid == other.oid; }
};

std::string reference(const FollowedTable& table, const CatalogPicture& picture) {
  const CatalogTable* const known = picture.table(table.oid);
  const std::string name = libpq::qualified(table.relation->schema, table.relation->name);
  return known != nullptr && known->partitioned ? name : "ONLY " + name;
}

std::set<Member> wanted(const RelationCatalog& catalog, Following following) {
  std::set<Member> members;
  for (const FollowedTable& table : catalog.followed()) {
    if (table.following == following) members.insert({table.oid, reference(table, catalog.picture())});
  }
  return members;
}

/// Whatever way they came into the publication: by name, by schema, or all.
std::set<Member> present(libpq::Connection& connection, const std::string& publication) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, p.schemaname, p.tablename FROM pg_catalog.pg_publication_tables p"
      " JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) p.schemaname"
      " JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid"
      " AND c.relname OPERATOR(pg_catalog.=) p.tablename"
      " WHERE p.pubname OPERATOR(pg_catalog.=) " +
      libpq::quote_literal(publication) + "::pg_catalog.name");
  std::set<Member> members;
  for (int row = 0; row < result.rows(); ++row) {
    members.insert({static_cast<ObjectId>(result.integer(row, 0)),
                    libpq::qualified(std::string(result.text(row, 1)), std::string(result.text(row, 2)))});
  }
  return members;
}

/// Tables of which it publishes some rows or columns only.
std::set<ObjectId> narrowed_tables(libpq::Connection& connection, const std::string& publication) {
  std::set<ObjectId> tables;
  if (connection.server_version() < since::row_filters) return tables;
  const libpq::Result result = connection.execute(
      "SELECT r.prrelid FROM pg_catalog.pg_publication_rel r"
      " JOIN pg_catalog.pg_publication p ON p.oid OPERATOR(pg_catalog.=) r.prpubid"
      " WHERE (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL) AND p.pubname OPERATOR(pg_catalog.=) " +
      libpq::quote_literal(publication) + "::pg_catalog.name");
  for (int row = 0; row < result.rows(); ++row) tables.insert(static_cast<ObjectId>(result.integer(row, 0)));
  return tables;
}

/// No parameters: replication connections take none.
bool is_there(libpq::Connection& connection, const std::string& publication) {
  return connection
             .execute("SELECT FROM pg_catalog.pg_publication WHERE pubname OPERATOR(pg_catalog.=) " +
                      libpq::quote_literal(publication) + "::pg_catalog.name")
             .rows() == 1;
}

/// What the server refused was logged.
Altered alter(libpq::Connection& connection, const std::string& publication, const char* verb, const Member& member) {
  const std::string statement =
      fmt::format("ALTER PUBLICATION {} {} TABLE {}", libpq::quote_identifier(publication), verb, member.table);
  try {
    libpq::DatabaseTransaction transaction(connection);
    // Whoever waits for this lock behind us waits for the application's open transactions too.
    connection.execute("SET LOCAL lock_timeout = '3s'");
    connection.execute(statement);
    transaction.commit();
    return Altered::done;
  } catch (const libpq::DatabaseError& refused) {
    if (refused.connection_lost()) throw;
    if (refused.sqlstate() == lock_not_available || refused.sqlstate() == undefined_table) {
      spdlog::warn("[MirrorSource] Table {} cannot be published yet: {}", member.table, refused.what());
      return Altered::in_the_way;
    }
    spdlog::error("[MirrorSource] Table {} cannot be published: {}; {}", member.table, refused.what(),
                  refused.sqlstate() == not_owner ? fmt::format("let its owner run \"{}\"", statement)
                                                  : std::string("trying again"));
    return Altered::refused;
  }
}

}  // namespace

std::string create_publication_sql(const std::string& name, const std::string& operations, int server_version) {
  return fmt::format("CREATE PUBLICATION {} WITH (publish = '{}'{})", libpq::quote_identifier(name), operations,
                     server_version >= since::published_roots ? ", publish_via_partition_root = true" : "");
}

bool Publications::exist(libpq::Connection& connection) const {
  return std::ranges::all_of(names(), [&](const std::string& name) { return is_there(connection, name); });
}

void Publications::create(libpq::Connection& connection) const {
  libpq::DatabaseTransaction transaction(connection);
  const auto make = [&](const std::string& name, const char* operations) {
    if (is_there(connection, name)) return;
    connection.execute(create_publication_sql(name, operations, connection.server_version()));
  };
  make(names()[0], "insert, update, delete, truncate");
  make(names()[1], "insert, truncate");
  transaction.commit();
}

bool Publications::narrowed(libpq::Connection& connection) const {
  return std::ranges::any_of(names(),
                             [&](const std::string& name) { return !narrowed_tables(connection, name).empty(); });
}

Publications::Outcome Publications::bring_to(libpq::Connection& connection, const RelationCatalog& catalog) const {
  const auto both = names();
  const std::set<Member> all = wanted(catalog, Following::all);
  const std::set<Member> inserts = wanted(catalog, Following::inserts_only);
  std::set<Member> all_now = present(connection, both[0]);
  std::set<Member> inserts_now = present(connection, both[1]);
  Outcome outcome;
  const auto change = [&](const std::string& publication, const char* verb, const Member& member) {
    const Altered altered = alter(connection, publication, verb, member);
    if (altered != Altered::done) outcome.refused.push_back(member.oid);
    if (altered == Altered::in_the_way) outcome.passing = true;
    return altered == Altered::done;
  };
  // Added again below, whole; what was hidden meanwhile comes with the content of the table.
  const auto take_out_narrowed = [&](const std::string& publication, std::set<Member>& members) {
    for (const ObjectId table : narrowed_tables(connection, publication)) {
      const auto member = members.find({.oid = table});
      if (member == members.end()) continue;
      spdlog::warn(
          "[MirrorSource] Table {}: somebody has put a row filter or a column list on publication \"{}\"; "
          "it is published whole again and its content is compared",
          member->table, publication);
      if (change(publication, "DROP", *member)) members.erase(member);
    }
  };
  take_out_narrowed(both[0], all_now);
  take_out_narrowed(both[1], inserts_now);
  // First out: a table that lost its identity makes the application's updates fail as long as they are published.
  for (const Member& member : all_now) {
    if (!all.contains(member)) change(both[0], "DROP", member);
  }
  for (const Member& member : all) {
    if (!all_now.contains(member) && change(both[0], "ADD", member)) outcome.added.push_back(member.oid);
  }
  for (const Member& member : inserts) {
    if (!inserts_now.contains(member) && change(both[1], "ADD", member)) outcome.added.push_back(member.oid);
  }
  for (const Member& member : inserts_now) {
    if (!inserts.contains(member)) change(both[1], "DROP", member);
  }
  return outcome;
}

void Publications::drop(libpq::Connection& connection) const {
  for (const std::string& name : names())
    connection.execute(fmt::format("DROP PUBLICATION IF EXISTS {}", libpq::quote_identifier(name)));
}

}  // namespace pgmirror::capture::postgres

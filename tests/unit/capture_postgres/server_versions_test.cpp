#include "capture/postgres/server_versions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "capture/postgres/object_dependencies.hpp"
#include "capture/postgres/object_readers.hpp"
#include "capture/postgres/publication.hpp"
#include "capture/postgres/source_session.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// What SQL may name, and the first version that knows it (release notes and catalogs of the manual, 13 to 18).
struct Novelty {
  const char* name;
  int since;
};
constexpr std::array novelties{
    // catalogs
    Novelty{"pubviaroot", 13},
    Novelty{"tgparentid", 13},
    Novelty{"attcompression", 14},
    Novelty{"rngmultitypid", 14},
    Novelty{"stxexprs", 14},
    Novelty{"typsubscript", 14},
    Novelty{"subbinary", 14},
    Novelty{"prosqlbody", 14},
    Novelty{"prqual", 15},
    Novelty{"prattrs", 15},
    Novelty{"pg_publication_namespace", 15},
    Novelty{"indnullsnotdistinct", 15},
    Novelty{"colliculocale", 15},
    Novelty{"daticulocale", 15},
    Novelty{"datlocprovider", 15},
    Novelty{"confdelsetcols", 15},
    Novelty{"subtwophasestate", 15},
    Novelty{"collicurules", 16},
    Novelty{"suborigin", 16},
    Novelty{"colllocale", 17},
    Novelty{"datlocale", 17},
    Novelty{"invalidation_reason", 17},
    Novelty{"inactive_since", 17},
    Novelty{"conenforced", 18},
    Novelty{"pg_get_statisticsobjdef_expressions", 14},
    Novelty{"pg_stat_replication_slots", 14},
    Novelty{"pg_stat_wal", 14},
    Novelty{"pg_stat_progress_copy", 14},
    Novelty{"pg_stat_io", 16},
    Novelty{"pg_stat_checkpointer", 17},
    Novelty{"safe_wal_size", 13},
    Novelty{"leader_pid", 13},
    Novelty{"query_id", 14},
    Novelty{"pg_parameter_acl", 15},
    // functions and types
    Novelty{"gen_random_uuid", 13},
    Novelty{"xid8", 13},
    Novelty{"pg_current_xact_id", 13},
    Novelty{"pg_current_snapshot", 13},
    Novelty{"pg_visible_in_snapshot", 13},
    Novelty{"pg_snapshot_x", 13},
    Novelty{"unistr", 14},
    Novelty{"date_bin", 14},
    Novelty{"string_to_table", 14},
    Novelty{"bit_count", 14},
    Novelty{"trim_array", 14},
    Novelty{"multirange", 14},
    Novelty{"range_agg", 14},
    Novelty{"regexp_count", 15},
    Novelty{"regexp_like", 15},
    Novelty{"regexp_instr", 15},
    Novelty{"regexp_substr", 15},
    Novelty{"any_value", 16},
    Novelty{"array_shuffle", 16},
    Novelty{"random_normal", 16},
    Novelty{"pg_input_is_valid", 16},
    Novelty{"pg_split_walfile_name", 16},
    Novelty{"to_regtypemod", 17},
    Novelty{"pg_basetype", 17},
    Novelty{"pg_sync_replication_slots", 17},
    Novelty{"uuid_extract", 17},
    Novelty{"uuidv7", 18},
    // settings
    Novelty{"logical_decoding_work_mem", 13},
    Novelty{"max_slot_wal_keep_size", 13},
    Novelty{"wal_keep_size", 13},
    Novelty{"idle_session_timeout", 14},
    Novelty{"client_connection_check_interval", 14},
    Novelty{"default_toast_compression", 14},
    Novelty{"createrole_self_grant", 16},
    Novelty{"transaction_timeout", 17},
    Novelty{"idle_replication_slot_timeout", 18},
    // words
    Novelty{"publish_via_partition_root", 13},
    Novelty{"MULTIRANGE_TYPE_NAME", 14},
    Novelty{"SET COMPRESSION", 14},
    Novelty{"OR REPLACE TRIGGER", 14},
    Novelty{"BEGIN ATOMIC", 14},
    Novelty{"NULLS NOT DISTINCT", 15},
    Novelty{"MERGE INTO", 15},
    Novelty{"TABLES IN SCHEMA", 15},
    Novelty{"TWO_PHASE", 15},
    Novelty{"JSON_TABLE", 17},
    Novelty{"ON_ERROR", 17},
    Novelty{"VIRTUAL", 18},
};

bool names(const std::string& text, const Novelty& novelty) {
  const std::string name = novelty.name;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    if (at == 0 || (std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0 && text[at - 1] != '_')) return true;
  }
  return false;
}

std::vector<std::string> rendered(int version) {
  return {column_storage_sql(version), range_types_sql(version), object_parts_sql(version), late_settings_sql(version),
          create_publication_sql("p", "insert", version)};
}

TEST(ServerVersions, NoServerIsAskedForWhatItDoesNotKnow) {
  for (int version = 12; version <= 18; ++version) {
    for (const std::string& sql : rendered(version * 10000)) {
      for (const Novelty& novelty : novelties) {
        EXPECT_FALSE(novelty.since > version && names(sql, novelty)) << version << ": " << novelty.name << "\n" << sql;
      }
    }
  }
}

TEST(ServerVersions, EachIsAskedForWhatItKnows) {
  const auto named = [](int version) {
    std::set<std::string> found;
    for (const std::string& sql : rendered(version * 10000)) {
      for (const Novelty& novelty : novelties) {
        if (names(sql, novelty)) found.insert(novelty.name);
      }
    }
    return found;
  };
  const std::set<std::string> of_13{"publish_via_partition_root"};
  std::set<std::string> of_14{of_13};
  of_14.insert({"attcompression", "SET COMPRESSION", "rngmultitypid", "MULTIRANGE_TYPE_NAME", "multirange",
                "idle_session_timeout"});
  std::set<std::string> of_17{of_14};
  of_17.insert("transaction_timeout");
  EXPECT_EQ(named(12), (std::set<std::string>{}));
  EXPECT_EQ(named(13), of_13);
  EXPECT_EQ(named(14), of_14);
  EXPECT_EQ(named(15), of_14);
  EXPECT_EQ(named(16), of_14);
  EXPECT_EQ(named(17), of_17);
}

/// Where the sources name something that the oldest servers do not know, and why that is no harm there.
TEST(ServerVersions, NothingElseInTheSourcesIsNewerThanTheOldestServer) {
  const std::map<std::string, std::set<std::string>> known{
      {"capture/postgres/object_storage.cpp", {"attcompression", "SET COMPRESSION"}},            // by version
      {"capture/postgres/object_types.cpp",                                                      // by version
       {"rngmultitypid", "MULTIRANGE_TYPE_NAME", "multirange", "colllocale", "colliculocale"}},  // collations as JSON
      {"capture/postgres/object_aggregates.cpp", {"multirange"}},                                // a comment
      {"capture/postgres/object_dependencies.cpp", {"rngmultitypid", "multirange"}},             // by version
      {"capture/postgres/source_session.cpp", {"idle_session_timeout", "transaction_timeout"}},  // by version
      {"capture/postgres/server_versions.hpp",
       {"idle_session_timeout", "transaction_timeout", "client_connection_check_interval", "multirange"}},
      {"capture/postgres/slot_copy.cpp", {"client_connection_check_interval"}},                   // by version
      {"capture/postgres/publication.cpp", {"prqual", "prattrs", "publish_via_partition_root"}},  // by version
      {"capture/postgres/preflight_tables.cpp", {"publish_via_partition_root"}},                  // by version
      {"capture/postgres/decoding_memory.cpp", {"logical_decoding_work_mem"}},  // as a row of pg_settings, none before
      {"capture/postgres/preflight_facts.cpp", {"max_slot_wal_keep_size"}},     // likewise
      {"capture/postgres/retained_log.cpp", {"max_slot_wal_keep_size"}},        // likewise
      {"capture/postgres/preflight.cpp", {"max_slot_wal_keep_size"}},           // advice, from 13 on
      {"capture/postgres/slot_check.cpp", {"max_slot_wal_keep_size"}},          // a message
      {"capture/postgres/retained_log.hpp", {"max_slot_wal_keep_size"}},        // a comment
  };
  std::set<std::string> used;
  for (const char* folder : {"capture/postgres", "sinks/postgres", "libpq", "agent"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(PGMIRROR_SOURCES) + folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      const std::string file = std::filesystem::relative(entry.path(), PGMIRROR_SOURCES);
      const std::string text = tests::file_text(entry.path());
      for (const Novelty& novelty : novelties) {
        if (!names(text, novelty)) continue;
        const auto at = known.find(file);
        EXPECT_TRUE(at != known.end() && at->second.contains(novelty.name))
            << file << " names " << novelty.name << ", which servers before " << novelty.since << " do not know";
        used.insert(file + " " + novelty.name);
      }
    }
  }
  for (const auto& [file, list] : known) {
    for (const std::string& name : list) EXPECT_TRUE(used.contains(file + " " + name)) << file << " names no " << name;
  }
}

}  // namespace
}  // namespace pgmirror::capture::postgres

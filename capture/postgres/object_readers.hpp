#pragma once

#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/schema_object.hpp"
#include "capture/postgres/schema_script.hpp"
#include "capture/postgres/script_scope.hpp"
#include "capture/postgres/sequence_state.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// Each reads the objects of its kind that are not the server's own, whether or not they are mirrored in the end, as
/// the server's deparsers print them. All need a session with an empty search_path and throw DatabaseError.
using SchemaObjects = std::vector<SchemaObject>;

SchemaObjects read_extensions(libpq::Connection& connection);
SchemaObjects read_collations(libpq::Connection& connection);
/// Enums, domains, composite and range types.
SchemaObjects read_types(libpq::Connection& connection);
/// Range types, as a server of that version is asked.
std::string range_types_sql(int server_version);
SchemaObjects read_functions(libpq::Connection& connection);
SchemaObjects read_aggregates(libpq::Connection& connection);
SchemaObjects read_casts(libpq::Connection& connection);
/// Operators, their families and classes.
SchemaObjects read_operators(libpq::Connection& connection);
/// Text search dictionaries and configurations.
SchemaObjects read_text_search(libpq::Connection& connection);
/// Sequences that mirrored columns use, without those of identity columns, and whom they belong to.
SchemaObjects sequence_objects(const std::vector<SequenceState>& sequences, const RelationCatalog& catalog);
/// The mirrored tables, with their partitions where the catalog's rules keep them.
SchemaObjects read_tables(libpq::Connection& connection, const ScriptScope& scope, const RelationCatalog& catalog,
                          const std::vector<SequenceState>& sequences);
/// Storage parameters of the mirrored tables and their columns.
SchemaObjects read_storage(libpq::Connection& connection, const ScriptScope& scope, const RelationCatalog& catalog);
/// Where columns are kept and how they are compressed, as a server of that version is asked.
std::string column_storage_sql(int server_version);
/// Keys, CHECK, EXCLUDE and FOREIGN KEY constraints.
SchemaObjects read_constraints(libpq::Connection& connection);
/// Indexes that no constraint made, the replica identity, statistics objects.
SchemaObjects read_indexes(libpq::Connection& connection);
SchemaObjects replica_identities(libpq::Connection& connection, const RelationCatalog& catalog);
SchemaObjects read_statistics(libpq::Connection& connection);
/// Views and materialized views.
SchemaObjects read_views(libpq::Connection& connection);
SchemaObjects read_triggers(libpq::Connection& connection);
/// Of tables and views, but for what makes a view.
SchemaObjects read_rules(libpq::Connection& connection);
/// Row level security policies of tables that have it switched on: all of one table's together, or none.
SchemaObjects read_policies(libpq::Connection& connection, const ScriptScope& scope);
/// On the objects among `made`.
SchemaObjects read_comments(libpq::Connection& connection, const ScriptScope& scope, const SchemaObjects& made);

}  // namespace pgmirror::capture::postgres

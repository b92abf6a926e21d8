#pragma once

#include <string>

namespace pgmirror::sinks::postgres {

/// Statements that switch row level security on without policies and take every privilege on a table from PUBLIC and,
/// where such roles exist, from anon and authenticated, as whom a REST interface in front of the database (Supabase)
/// reads. `relation` is qualified and quoted. The owner and roles with BYPASSRLS go on reading and writing.
std::string privacy_sql(const std::string& relation);

}  // namespace pgmirror::sinks::postgres

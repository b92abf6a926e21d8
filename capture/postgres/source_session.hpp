#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A session with the source's server in which values are printed the one way that loses nothing, whatever role,
/// database or server are set to.
///
/// Encoding UTF8, dates ISO, intervals postgres, time zone UTC, all digits of floats, bytea in hex, money in C, empty
/// search_path, row security off (a refusal instead of fewer rows), no timeouts. The settings go in the startup packet
/// and are read back: a server or pooler that lost one throws SourceRefused. Otherwise throws DatabaseError.
libpq::Connection open_source_session(const config::ConnectionSettings& settings, std::string_view application_name);

/// The same on a connection that also takes replication commands, in the database of the settings.
libpq::Connection open_replication_session(const config::ConnectionSettings& settings,
                                           std::string_view application_name);

/// Timeouts that servers before that version do not know, so that they cannot go in the startup packet.
std::string late_settings_sql(int server_version);

}  // namespace pgmirror::capture::postgres

#pragma once

namespace pgmirror::capture::postgres::since {

/// From which version on a server knows something that those before refuse; as PQserverVersion counts, 150004 for 15.4.
/// What SQL asks for by such a name is rendered by version; where only a catalog's column is new, its row is asked as
/// JSON, which has no column that is missing.
inline constexpr int followed = 120000;
inline constexpr int published_roots = 130000;  ///< a partitioned table is published as one
inline constexpr int block_ranges = 140000;     ///< a range of blocks is read without reading the others
inline constexpr int multiranges = 140000;
inline constexpr int column_compression = 140000;
inline constexpr int idle_session_timeout = 140000;
inline constexpr int connection_check = 140000;  ///< client_connection_check_interval
inline constexpr int row_filters = 150000;       ///< and column lists of publications
inline constexpr int transaction_timeout = 170000;

}  // namespace pgmirror::capture::postgres::since

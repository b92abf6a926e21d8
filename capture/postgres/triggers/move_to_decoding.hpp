#pragma once

#include <filesystem>

#include "change/position.hpp"
#include "change/transaction.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Goes over from triggers to logical decoding without a copy and without a hole.
///
/// Makes publications and slot, writes what the log of changes has up to the slot's place as the last transaction that
/// triggers have found, and takes triggers and log away: the slot streams what is committed later. Where it was
/// interrupted it can be run again, and until it is through the source can be followed by triggers as before.
///
/// `queue_end` is the last durable commit in the queue, `identity` the history it belongs to, `state_directory` that of
/// the sources. No other process may follow the source meanwhile. Waits for transactions that are open. Throws
/// SourceRefused with the remedy, DatabaseError, and what `writer` throws.
void move_to_decoding(const config::PostgresSource& settings, const config::TableRules& rules,
                      const std::filesystem::path& state_directory, change::TransactionWriter& writer,
                      change::Position queue_end, const change::SourceIdentity& identity);

}  // namespace pgmirror::capture::postgres::triggers

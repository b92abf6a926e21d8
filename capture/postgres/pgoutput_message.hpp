#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "change/position.hpp"
#include "change/transaction.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::postgres {

/// What PostgreSQL's output plugin pgoutput tells, protocol version 1, text format (manual, "Logical Replication
/// Message Formats"). All texts, cells and spans are views into the frame and the decoder: they die with its next
/// decode().

struct BeginMessage {
  change::Position commit_start;  ///< where the commit record begins, before the end by which a commit is known
  change::CommitTime time;
  std::uint32_t transaction_id = 0;
};

struct CommitMessage {
  change::Position commit_start;
  change::Position end;  ///< the position of the commit
  change::CommitTime time;
};

struct RelationMessage {
  struct Column {
    bool identity = false;  ///< part of the replica identity; with `full` of all columns
    std::string_view name;
    std::uint32_t type_oid = 0;
    std::int32_t type_modifier = -1;  ///< pg_attribute.atttypmod
  };
  std::uint32_t oid = 0;
  std::string_view schema;  ///< never empty: pg_catalog, which the protocol leaves out, is written out
  std::string_view name;
  char replica_identity = 'd';      ///< pg_class.relreplident: d default, n nothing, f full, i index
  std::span<const Column> columns;  ///< those that are published; generated and dropped ones are absent
};

struct InsertMessage {
  std::uint32_t relation = 0;
  change::Tuple new_row;
};

struct UpdateMessage {
  std::uint32_t relation = 0;
  /// What identified the row: empty when the identity stayed. Cells are those of the relation's columns; where only the
  /// key came, the others are null.
  change::Tuple old_row;
  bool old_row_is_key = false;  ///< sent as `K` (key cells only) rather than `O` (all cells, replica identity full)
  change::Tuple new_row;        ///< unchanged where a large value was not sent
};

struct DeleteMessage {
  std::uint32_t relation = 0;
  change::Tuple old_row;
  bool old_row_is_key = false;
};

struct TruncateMessage {
  std::span<const std::uint32_t> relations;
  bool cascade = false;
  bool restart_identity = false;
};

/// Legal, and nothing to a mirror: type and origin descriptions, logical messages, and what belongs to protocol
/// versions and options that are not asked for.
struct OtherMessage {
  char kind = 0;
};

using PgoutputMessage = std::variant<BeginMessage, CommitMessage, RelationMessage, InsertMessage, UpdateMessage,
                                     DeleteMessage, TruncateMessage, OtherMessage>;

}  // namespace pgmirror::capture::postgres

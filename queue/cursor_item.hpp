#pragma once

#include <variant>

#include "change/transaction.hpp"

namespace pgmirror::queue {

/// A transaction starts.
struct Begin {};

/// What a Cursor gives out.
using Item = std::variant<Begin, change::RowChange, change::SchemaChange, change::Truncation, change::ContentGap,
                          change::SchemaStatement, change::SequenceValue, change::Commit>;

}  // namespace pgmirror::queue

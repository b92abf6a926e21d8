#pragma once

#include <vector>

#include "change/schema_statement.hpp"

namespace pgmirror::capture::postgres {

/// `ALTER TYPE ... ADD VALUE IF NOT EXISTS` for each label, in its place. `type` makes the enum and has
/// its labels as parts.
std::vector<change::SchemaStatement> label_additions(const change::SchemaStatement& type);

/// `ALTER TYPE ... RENAME VALUE` that makes the label which `before` adds the one that `after` adds.
change::SchemaStatement label_rename(const change::SchemaStatement& before, const change::SchemaStatement& after);

}  // namespace pgmirror::capture::postgres

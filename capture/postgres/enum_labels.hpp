#pragma once

#include <string>
#include <vector>

#include "change/schema_statement.hpp"

namespace pgmirror::capture::postgres {

/// The labels that a `CREATE TYPE ... AS ENUM (...)` of ours makes, each as the SQL literal that stands there. Pure.
std::vector<std::string> enum_labels(const change::SchemaStatement& type);

/// `ALTER TYPE ... ADD VALUE IF NOT EXISTS` for each label, in its place. `type` makes the enum.
std::vector<change::SchemaStatement> label_additions(const change::SchemaStatement& type);

/// SchemaStatement::kind of what adds a label, which commits by itself before rows use it.
inline constexpr const char* enum_label_kind = "enum label";

/// `ALTER TYPE ... RENAME VALUE` that makes the label which `before` adds the one that `after` adds.
change::SchemaStatement label_rename(const change::SchemaStatement& before, const change::SchemaStatement& after);

}  // namespace pgmirror::capture::postgres

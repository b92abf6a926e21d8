#pragma once

#include <string>
#include <vector>

#include "change/schema_statement.hpp"

namespace pgmirror::capture::postgres {

/// The labels that a `CREATE TYPE ... AS ENUM (...)` of ours makes, each as the SQL literal that stands there. Pure.
std::vector<std::string> enum_labels(const change::SchemaStatement& type);

/// `ALTER TYPE ... ADD VALUE IF NOT EXISTS` for each label, in its place. `type` makes the enum.
std::vector<change::SchemaStatement> label_additions(const change::SchemaStatement& type);

/// What makes the one type the other: additions, or renames where labels were renamed and none added.
std::vector<change::SchemaStatement> enum_changes(const change::SchemaStatement& before,
                                                  const change::SchemaStatement& after);

}  // namespace pgmirror::capture::postgres

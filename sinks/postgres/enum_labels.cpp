#include "sinks/postgres/enum_labels.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {

EnumLabels::EnumLabels(libpq::Connection& connection, const std::string& mirror, change::Position position,
                       const change::SchemaStatement& statement)
    : record_(connection, mirror, position) {
  for (const std::string& part : statement.parts) {
    Label label;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), label.source);
    label.literal = failure == std::errc{} && *end == ' ' ? std::string(end + 1) : part;
    labels_.push_back(std::move(label));
  }
  find_type(statement);
  if (type_ == 0) return;
  read();
}

/// By its labels, where they are known: either side may call the type otherwise by now.
void EnumLabels::find_type(const change::SchemaStatement& statement) {
  std::vector<std::int64_t> numbers;
  for (const Label& label : labels_) numbers.push_back(label.source);
  const libpq::Result type = record_.connection().execute(
      "SELECT t.oid, n.nspname, t.typname, k.label IS NOT NULL FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n"
      " ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid"
      " LEFT JOIN pgmirror.enum_labels k ON k.mirror = $1 AND k.label = e.oid AND k.source_label > 0"
      " AND k.source_label = ANY ($4::bigint[])"
      " WHERE t.typtype = 'e' AND (k.label IS NOT NULL OR n.nspname = $2 AND t.typname = $3)"
      " ORDER BY k.label IS NULL LIMIT 1",
      libpq::Parameters::texts(
          {record_.mirror(), statement.schema, statement.name, fmt::format("{{{}}}", fmt::join(numbers, ","))}));
  if (type.rows() == 0) return;
  type_ = type.integer(0, 0);
  schema_ = type.text(0, 1);
  own_name_ = type.text(0, 2);
  name_ = libpq::qualified(schema_, own_name_);
  by_number_ = type.boolean(0, 3);
}

void EnumLabels::read() {
  const libpq::Result rows = record_.connection().execute(
      "SELECT e.oid, pg_catalog.quote_literal(e.enumlabel), coalesce(k.source_label, 0) FROM pg_catalog.pg_enum e"
      " LEFT JOIN pgmirror.enum_labels k ON k.mirror = $1 AND k.label = e.oid"
      " WHERE e.enumtypid = $2::bigint::oid ORDER BY e.enumsortorder",
      libpq::Parameters::texts({record_.mirror(), std::to_string(type_)}));
  standing_.clear();
  for (int row = 0; row < rows.rows(); ++row) {
    standing_.push_back({.number = rows.integer(row, 0),
                         .literal = std::string(rows.text(row, 1)),
                         .source = by_number_ ? rows.integer(row, 2) : 0});
  }
  match();
}

void EnumLabels::match() {
  const auto take = [this](Label& label, auto is_it) {
    const auto at = std::ranges::find_if(standing_, [&](const Standing& one) { return !one.taken && is_it(one); });
    if (at == standing_.end()) return;
    at->taken = true;
    label.here = static_cast<std::size_t>(at - standing_.begin());
  };
  for (Label& label : labels_) {
    label.here.reset();
    if (label.source != 0) take(label, [&](const Standing& one) { return one.source == label.source; });
  }
  for (Label& label : labels_) {
    if (label.here) continue;
    take(label,
         [&](const Standing& one) { return one.literal == label.literal && (one.source == 0 || label.source == 0); });
  }
  if (!by_number_) match_neighbours();
}

/// One that the source has not was renamed there, to one that stands between the same others.
void EnumLabels::match_neighbours() {
  std::size_t next = 0;
  for (Label& label : labels_) {
    const bool candidate =
        !label.here && next < standing_.size() && !standing_[next].taken && !told(standing_[next].literal);
    if (candidate) {
      standing_[next].taken = true;
      label.here = next;
    }
    if (label.here) next = *label.here + 1;
  }
}

bool EnumLabels::stands(const std::string& literal) const {
  return std::ranges::find(standing_, literal, &Standing::literal) != standing_.end();
}

bool EnumLabels::told(const std::string& literal) const {
  return std::ranges::find(labels_, literal, &Label::literal) != labels_.end();
}

void EnumLabels::call(const std::string& former, const std::string& now) {
  record_.attempt("a label of type " + name_, fmt::format("ALTER TYPE {} RENAME VALUE {} TO {}", name_, former, now),
                  fmt::format("a label of type {} was renamed", name_));
}

bool EnumLabels::take_name(const change::SchemaStatement& statement) {
  if (type_ == 0 || !by_number_) return false;
  const auto alter = [&](const std::string& action) {
    record_.attempt("the name of type " + name_, fmt::format("ALTER TYPE {} {}", name_, action),
                    fmt::format("type {} is called {}.{}", name_, statement.schema, statement.name));
    find_type(statement);
  };
  if (own_name_ != statement.name) alter("RENAME TO " + libpq::quote_identifier(statement.name));
  if (schema_ != statement.schema) alter("SET SCHEMA " + libpq::quote_identifier(statement.schema));
  return true;
}

void EnumLabels::rename() {
  if (type_ == 0) return;
  const auto called_otherwise = [this](const Label& label) {
    return label.here && standing_[*label.here].literal != label.literal;
  };
  bool again = false;
  // Names may have changed hands.
  for (const Label& label : labels_) {
    if (!called_otherwise(label) || !stands(label.literal)) continue;
    call(label.literal, fmt::format("'pgmirror_renaming_{}'", label.source));
    again = true;
  }
  remember();
  if (again) read();
  for (const Label& label : labels_) {
    if (called_otherwise(label)) call(standing_[*label.here].literal, label.literal);
  }
  read();
}

void EnumLabels::add() {
  if (type_ == 0) return;
  const auto taken = [this](const Label& label) { return !label.here && stands(label.literal); };
  if (std::ranges::any_of(labels_, taken)) rename();
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    if (labels_[label].here) continue;
    record_.attempt(
        "a label of type " + name_,
        fmt::format("ALTER TYPE {} ADD VALUE IF NOT EXISTS {}{}", name_, labels_[label].literal, place_of(label)),
        fmt::format("type {} has one more label", name_));
    read();
  }
  remember();
}

std::string EnumLabels::place_of(std::size_t label) const {
  for (std::size_t before = label; before-- > 0;) {
    if (labels_[before].here) return " AFTER " + standing_[*labels_[before].here].literal;
  }
  for (std::size_t behind = label + 1; behind < labels_.size(); ++behind) {
    if (labels_[behind].here) return " BEFORE " + standing_[*labels_[behind].here].literal;
  }
  return {};
}

void EnumLabels::remember() {
  for (const Label& label : labels_) {
    if (!label.here || label.source == 0 || standing_[*label.here].source == label.source) continue;
    record_.connection().execute(
        "INSERT INTO pgmirror.enum_labels (mirror, label, source_label) VALUES ($1, $2::bigint::oid, $3)"
        " ON CONFLICT (mirror, label) DO UPDATE SET source_label = excluded.source_label",
        libpq::Parameters::texts(
            {record_.mirror(), std::to_string(standing_[*label.here].number), std::to_string(label.source)}));
    by_number_ = true;
  }
}

void learn_labels(libpq::Connection& connection, const std::string& mirror, change::Position position,
                  const std::vector<change::SchemaStatement>& statements) {
  for (const change::SchemaStatement& statement : statements) {
    const bool whole = statement.kind == enum_type_kind;
    if (!whole && statement.kind != change::enum_label_kind) continue;
    libpq::DatabaseTransaction transaction(connection);
    EnumLabels labels(connection, mirror, position, statement);
    if (whole) labels.rename();
    labels.add();
    transaction.commit();
  }
}

void forget_labels(libpq::Connection& connection, const std::string& mirror) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute("DELETE FROM pgmirror.enum_labels WHERE mirror = $1", libpq::Parameters::texts({mirror}));
  transaction.commit();
}

}  // namespace pgmirror::sinks::postgres

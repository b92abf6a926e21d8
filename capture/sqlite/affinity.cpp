#include "capture/sqlite/affinity.hpp"

#include <string>

#include "capture/sqlite/folded_name.hpp"

namespace pgmirror::capture::sqlite {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

Affinity column_affinity(std::string_view declared_type, bool strict) {
  const std::string type = folded_name(declared_type);
  if (strict && type == "any") return Affinity::blob;
  if (has(type, "int")) return Affinity::integer;
  if (has(type, "char") || has(type, "clob") || has(type, "text")) return Affinity::text;
  if (type.empty() || has(type, "blob")) return Affinity::blob;
  if (has(type, "real") || has(type, "floa") || has(type, "doub")) return Affinity::real;
  return Affinity::numeric;
}

std::string_view type_name(Affinity affinity) {
  switch (affinity) {
    case Affinity::blob:
      return "BLOB";
    case Affinity::text:
      return "TEXT";
    case Affinity::numeric:
      return "NUMERIC";
    case Affinity::integer:
      return "INTEGER";
    case Affinity::real:
      return "REAL";
  }
  return "BLOB";
}

change::TypeFamily type_family(std::string_view declared_type, bool strict) {
  using change::TypeFamily;
  const std::string type = folded_name(declared_type);
  if (type.empty() || type == "any") return TypeFamily::any;
  if (has(type, "bool")) return TypeFamily::boolean;
  if (has(type, "json")) return TypeFamily::json;
  if (type.starts_with("date") || type.starts_with("time") || has(type, "datetime")) return TypeFamily::datetime;
  switch (column_affinity(declared_type, strict)) {
    case Affinity::blob:
      return TypeFamily::blob;
    case Affinity::text:
      return TypeFamily::text;
    case Affinity::numeric:
      return TypeFamily::numeric;
    case Affinity::integer:
      return TypeFamily::integer;
    case Affinity::real:
      return TypeFamily::real;
  }
  return TypeFamily::any;
}

}  // namespace pgmirror::capture::sqlite

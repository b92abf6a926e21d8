#include "capture/postgres/slot_names.hpp"

#include <algorithm>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

bool fits_a_slot(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

std::string after_database(const std::string& database) {
  std::string name = "pgmirror_" + database;
  if (std::ranges::all_of(name, fits_a_slot)) return libpq::mirror_identifier(name);
  // Two databases must not come to one name: the padding makes mirror_identifier() append its digest of the whole.
  name.append(libpq::longest_identifier, '.');
  const std::string digest = libpq::mirror_identifier(name).substr(libpq::longest_identifier - 9);
  std::string readable = "pgmirror_" + database.substr(0, libpq::longest_identifier - 9 - 9);
  for (char& c : readable) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!fits_a_slot(c)) c = '_';
  }
  return readable + digest;
}

}  // namespace

SlotNames slot_names(const config::PostgresSource& settings) {
  SlotNames names{.slot = settings.slot, .publication = settings.publication};
  if (names.slot.empty()) names.slot = after_database(settings.connection.database);
  if (names.publication.empty()) names.publication = names.slot;
  return names;
}

}  // namespace pgmirror::capture::postgres

#pragma once

#include <string>

#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// What belongs to one pgmirror on the source's server, by name: as the user set it, else after the database.
struct SlotNames {
  std::string slot;
  std::string publication;
};

/// A slot's name may have small letters, digits and underscores only: a database with another name gets a digest of it.
SlotNames slot_names(const config::PostgresSource& settings);

}  // namespace pgmirror::capture::postgres

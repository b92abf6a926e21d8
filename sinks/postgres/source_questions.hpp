#pragma once

#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "change/snapshot.hpp"
#include "libpq/database_error.hpp"

namespace pgmirror::sinks::postgres {

/// The source's server gives no snapshot now. Passes.
class SourceUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Says whose server it was that failed: the mirror is asked on the same thread.
template <typename Question>
auto ask_source(const Question& question) {
  try {
    return question();
  } catch (const libpq::DatabaseError& error) {
    throw SourceUnavailable(error.what());
  }
}

/// Blocks. Throws SourceUnavailable.
inline std::unique_ptr<change::Snapshot> snapshot_of(change::SnapshotProvider& source) {
  return ask_source([&] { return source.open_snapshot(); });
}

/// By Relation::qualified_name.
inline std::set<std::string> tables_of(const change::Snapshot& snapshot) {
  std::set<std::string> names;
  for (const change::RelationPtr& relation : snapshot.relations()) names.insert(relation->qualified_name());
  return names;
}

}  // namespace pgmirror::sinks::postgres

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/postgres/object_node.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// Parts of objects and what they are parts of, as a server of that version is asked.
std::string object_parts_sql(int server_version);

/// What needs what, as pg_depend has it, with parts standing for their whole: a default for its column, a rule for its
/// view, an array for its element, a row type for its table, an index for its constraint.
class ObjectDependencies {
 public:
  struct Need {
    int own_column = 0;  ///< column of the needing table that needs it; 0: all of it
    ObjectNode object;
    int column = 0;  ///< of the needed table; 0: all of it
  };

  /// Throws DatabaseError.
  explicit ObjectDependencies(libpq::Connection& connection);

  const std::vector<Need>& of(ObjectNode object) const;
  /// The extension that the object is part of.
  std::optional<ObjectNode> extension_of(ObjectNode object) const;

 private:
  struct Place {
    ObjectNode object;
    int column = 0;
  };
  void read_parts(libpq::Connection& connection);
  void read_needs(libpq::Connection& connection);
  Place whole(ObjectNode object, int column) const;

  std::map<ObjectNode, Place> parts_;
  std::map<ObjectNode, std::vector<Need>> needs_;
  std::map<ObjectNode, ObjectNode> extensions_;
};

}  // namespace pgmirror::capture::postgres

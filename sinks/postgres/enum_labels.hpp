#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "change/position.hpp"
#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {

/// SchemaStatement::kind of what makes an enum, with its labels.
inline constexpr const char* enum_type_kind = "enum type";

/// One enum of the mirror, which is brought to the labels that the source has, from wherever it stands. Which label of
/// the source a label here is stands in pgmirror.enum_labels, by the numbers that both servers give: labels are
/// renamed, and their types with them, but never dropped. Inside the caller's transaction; one thread. Throws
/// DatabaseError; what the mirror refuses is left out and logged.
class EnumLabels {
 public:
  /// `statement` has all labels as parts. `connection` outlives the object.
  EnumLabels(libpq::Connection& connection, const std::string& mirror, change::Position position,
             const change::SchemaStatement& statement);

  /// Whether the type stands, whatever it is called: calls it as the source does then.
  bool take_name(const change::SchemaStatement& statement);
  /// Calls each as the source does.
  void rename();
  /// Those that are missing, each in its place. They can be used once the transaction is committed. A name that another
  /// label still has makes it be renamed first.
  void add();
  /// Writes down which is which.
  void remember();

 private:
  struct Standing {
    std::int64_t number = 0;
    std::string literal;
    std::int64_t source = 0;  ///< the source's number; 0: not known
    bool taken = false;
  };
  struct Label {
    std::int64_t source = 0;  ///< 0: not told
    std::string literal;
    std::optional<std::size_t> here{};
  };

  void find_type(const change::SchemaStatement& statement);
  void read();
  void match();
  void match_neighbours();
  bool stands(const std::string& literal) const;
  bool told(const std::string& literal) const;
  std::string place_of(std::size_t label) const;
  void call(const std::string& former, const std::string& now);

  SchemaRecord record_;
  std::int64_t type_ = 0;  ///< 0: not here
  std::string schema_;
  std::string own_name_;
  std::string name_;  ///< both, quoted
  bool by_number_ = false;
  std::vector<Label> labels_;
  std::vector<Standing> standing_;
};

/// Before rows or tables that may use them: statements that make types have their labels renamed and added, those that
/// tell labels only add them; others do not matter, nor do types that do not stand here. Transactions of its own.
void learn_labels(libpq::Connection& connection, const std::string& mirror, change::Position position,
                  const std::vector<change::SchemaStatement>& statements);

/// The numbers that a mirror knows are another source's.
void forget_labels(libpq::Connection& connection, const std::string& mirror);

}  // namespace pgmirror::sinks::postgres

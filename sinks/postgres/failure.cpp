#include "sinks/postgres/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace pgmirror::sinks::postgres {
namespace {

struct Rule {
  std::string_view sqlstate;  ///< whole, or the beginning of it
  FailureKind kind;
  bool slow;
  std::string_view sentence;
};

using enum FailureKind;

/// The first that matches decides; whole states stand before their class.
/// Codes: PostgreSQL manual, appendix A; PM0xx are our own (control_schema.hpp).
constexpr std::array rules{
    Rule{"PM001", identity, false,
         "checkpoint in the mirror is not where this agent left it; it is read again before anything else is sent"},
    Rule{"PM002", identity, false, "another agent has taken this mirror over; stop one of the two"},
    Rule{"25006", transient, true,
         "mirror is read-only (a standby, or its disk is nearly full); waiting until it takes writes again"},
    Rule{"25P02", transient, false, "transaction failed before its end; it is sent again"},
    Rule{"28P01", transient, true, "mirror refuses the password; correct it, it is read again at each attempt"},
    Rule{"28", transient, true, "mirror refuses this user or address; check the role and pg_hba.conf"},
    Rule{"3D000", transient, true, "database does not exist in the mirror; create it or correct its name"},
    Rule{"08P99", transient, true,
         "mirror's certificate was not accepted; set MIRROR_DB_SSLROOTCERT to the certificate authority of the server"},
    Rule{"08", transient, false, "connection to the mirror was lost; connecting again"},
    Rule{"53100", transient, true, "mirror's disk is full; waiting for space"},
    Rule{"53200", transient, true, "mirror is out of memory; waiting"},
    Rule{"53300", transient, true, "mirror has no connection left; lower MIRROR_DB_POOL or raise its limit"},
    Rule{"53", transient, true, "mirror is short of resources; waiting"},
    Rule{"55P03", transient, false, "somebody holds a lock in the mirror; trying again"},
    Rule{"55006", transient, false, "an object in the mirror is in use; trying again"},
    Rule{"57014", transient, false, "statement was cancelled or timed out in the mirror; trying again"},
    Rule{"57", transient, false, "mirror is shutting down or starting; waiting"},
    Rule{"58030", transient, true, "mirror's disk reports errors; waiting"},
    Rule{"58", transient, true, "mirror's server reports a system error; waiting"},
    Rule{"XX000", transient, true, "mirror or a pooler before it reports an internal error; trying again"},
    Rule{"40003", transient, false, "outcome of a transaction is unknown; the checkpoint is read to find out"},
    Rule{"40", transient, false, "another transaction was in the way; trying again"},
    Rule{"42501", fatal, true,
         "mirror's role lacks a privilege; grant it (the role must own the tables it fills) or use another role"},
    Rule{"0A000", poison, false, "mirror does not support this"},
    Rule{"21", poison, false, "mirror refuses a row"},
    Rule{"22", poison, false, "mirror cannot hold a value of a row"},
    Rule{"23502", poison, false, "a column of the mirror refuses NULL"},
    Rule{"23503", poison, false, "a foreign key of the mirror refuses a row"},
    Rule{"23505", poison, false, "a unique index of the mirror refuses a row"},
    Rule{"23514", poison, false, "a check constraint of the mirror refuses a row"},
    Rule{"23", poison, false, "a constraint of the mirror refuses a row"},
    Rule{"27", poison, false, "a trigger in the mirror refuses a row"},
    Rule{"42P01", poison, false, "a table is missing in the mirror; create it again or run \"pgmirror resync\""},
    Rule{"42703", poison, false, "a column is missing in the mirror; create it again or run \"pgmirror resync\""},
    Rule{"42804", poison, false, "a column of the mirror has changed its type; restore it or run \"pgmirror resync\""},
    Rule{"42", poison, false, "a statement does not fit the mirror's tables; compare them with the source"},
    Rule{"44", poison, false, "a view in the mirror refuses a row"},
    Rule{"54", poison, false, "a row or statement is larger than the mirror allows"},
    Rule{"P0", poison, false, "a trigger in the mirror raised an error"},
    Rule{"3F000", poison, false, "a schema is missing in the mirror; create it again or run \"pgmirror resync\""},
    Rule{"2BP01", poison, false, "another object in the mirror depends on what the source has dropped"},
};

constexpr std::string_view invalid_text = "22P02";
constexpr std::string_view check_violation = "23514";

}  // namespace

bool refused_by_type(const libpq::DatabaseError& error) {
  return error.sqlstate() == invalid_text || (error.sqlstate() == check_violation && error.constraint().table.empty());
}

Failure classify(const libpq::DatabaseError& error) {
  const std::string_view sqlstate = error.sqlstate();
  for (const Rule& rule : rules) {
    if (sqlstate.starts_with(rule.sqlstate)) {
      return {rule.kind, rule.slow, fmt::format("{}: {} ({})", rule.sentence, error.what(), sqlstate),
              sqlstate.starts_with("40") && sqlstate != "40003"};
    }
  }
  if (error.connection_lost()) return {transient, false, fmt::format("mirror cannot be reached: {}", error.what())};
  return {poison, false,
          fmt::format("mirror refuses a change for a reason unknown to this version: {} ({})", error.what(), sqlstate)};
}

}  // namespace pgmirror::sinks::postgres

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/doctor/checks.hpp"
#include "config/describe.hpp"
#include "config/tls.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::agent::doctor {

using libpq::quote_identifier;
using sinks::postgres::ServerFacts;

namespace {

constexpr int oldest_version = 120000;
constexpr std::chrono::milliseconds most_clock_difference{2000};
constexpr std::uint16_t transaction_pooler_port = 6543;  ///< Supabase's

/// Gathers what is found about one mirror.
class MirrorCheck {
 public:
  MirrorCheck(const config::Mirror& mirror, const ServerFacts& facts, const std::set<std::string>& extensions)
      : mirror_(mirror), facts_(facts), extensions_(extensions), subject_(fmt::format("mirror \"{}\"", mirror.name)) {}

  Findings run() {
    check_server();
    check_line();
    check_schema();
    check_control_schema();
    check_extensions();
    check_replica_role();
    check_exposure();
    check_pooler();
    check_clock();
    return std::move(findings_);
  }

 private:
  void fine(std::string what) { findings_.push_back({Level::ok, subject_, std::move(what)}); }
  void add(Level level, std::string what, std::string why, std::string remedy, std::string sql = {}) {
    findings_.push_back({level, subject_, std::move(what), std::move(why), std::move(remedy), std::move(sql)});
  }

  void check_server() {
    fine(fmt::format("{} answers as role {}: PostgreSQL {}, round trip {} ms", mirror_.connection.address(),
                     facts_.role, facts_.version_text, facts_.round_trip.count()));
    if (facts_.version < oldest_version) {
      add(Level::error, fmt::format("PostgreSQL {} is too old", facts_.version_text), "12 is the oldest that is used",
          "move the mirror to a newer server");
    }
    if (facts_.read_only) {
      add(Level::error, "the server takes no writes", "it is a standby, paused or set to read-only",
          "connect to the primary; on Supabase lift the read-only mode (disk full?)",
          fmt::format("ALTER ROLE {} SET default_transaction_read_only = off;", quote_identifier(facts_.role)));
    }
    if (facts_.encoding != "UTF8") {
      add(Level::error, fmt::format("the database's encoding is {}", facts_.encoding),
          "text that it cannot hold would be refused row by row", "create a database with encoding UTF8",
          fmt::format("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0;",
                      quote_identifier(mirror_.connection.database)));
    }
    if (!facts_.fsync) {
      add(Level::warning, "the server runs with fsync=off",
          "after a crash of its machine the mirror may be damaged beyond what pgmirror can notice",
          "set fsync = on in postgresql.conf");
    }
    fine("room on the server's disk cannot be seen from here: watch it there");
  }

  void check_line() {
    const std::string asked = config::describe_tls(mirror_.connection);
    if (!facts_.tls.empty()) {
      const bool verified = mirror_.connection.sslmode.starts_with("verify") || !mirror_.connection.sslrootcert.empty();
      if (verified) return fine(fmt::format("encrypted with {} ({})", facts_.tls, asked));
      return add(Level::warning,
                 fmt::format("encrypted with {}, but the server is not verified ({})", facts_.tls, asked),
                 "somebody between here and there could take the server's place",
                 "set MIRROR_DB_SSLROOTCERT to the server's CA file (or to system) and MIRROR_DB_SSLMODE=verify-full");
    }
    if (config::is_on_this_machine(mirror_.connection.host))
      return fine("not encrypted, but it does not leave this machine");
    add(Level::error, fmt::format("not encrypted ({})", asked), "rows and password can be read on the way",
        "set MIRROR_DB_SSLMODE=require, or verify-full with MIRROR_DB_SSLROOTCERT");
  }

  void check_schema() {
    const std::string role = quote_identifier(facts_.role);
    const std::string schema = quote_identifier(mirror_.schema);
    if (!facts_.schema_exists && !facts_.may_create_schema) {
      add(Level::error, fmt::format("schema {} does not exist and the role may not create it", mirror_.schema),
          "the tables have nowhere to go", "run this as the database's owner",
          fmt::format("CREATE SCHEMA {} AUTHORIZATION {};", schema, role));
    } else if (facts_.schema_exists && !facts_.may_create_in_schema) {
      add(Level::error, fmt::format("the role may not create tables in schema {}", mirror_.schema),
          "the mirror's tables cannot be made", "run this as the schema's owner, or choose another MIRROR_DB_SCHEMA",
          fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {};", schema, role));
    } else {
      fine(fmt::format("tables can be created in schema {}{}", mirror_.schema,
                       facts_.schema_exists ? "" : ", which will be made"));
    }
    if (!facts_.foreign_tables.empty()) {
      std::string sql;
      for (const std::string& table : facts_.foreign_tables) {
        sql += fmt::format("ALTER TABLE {}.{} OWNER TO {}; ", schema, quote_identifier(table), role);
      }
      sql.pop_back();
      add(Level::warning,
          fmt::format("{} tables in schema {} belong to other roles: {}", facts_.foreign_tables.size(), mirror_.schema,
                      fmt::join(facts_.foreign_tables, ", ")),
          "a table of the source with such a name cannot be mirrored there",
          "use a schema of its own (MIRROR_DB_SCHEMA), or hand over those that are meant", sql);
    }
  }

  void check_control_schema() {
    if (facts_.owns_control_schema) return fine("schema pgmirror, where the checkpoint lives, can be used");
    const std::string role = quote_identifier(facts_.role);
    add(Level::error, "the role can neither create nor use schema pgmirror", "the checkpoint lives there",
        "run this as the database's owner",
        fmt::format("GRANT CREATE ON DATABASE {} TO {};", quote_identifier(mirror_.connection.database), role));
  }

  void check_extensions() {
    using Extension = ServerFacts::Extension;
    const std::string why = "tables of the source with its types are refused until it is there";
    for (const std::string& name : extensions_) {
      const auto found = facts_.extensions.find(name);
      if (found == facts_.extensions.end()) {
        add(Level::error, fmt::format("extension {} is not installed on its machine", name), why,
            "install it there (many are in the package postgresql-contrib), or exclude those tables");
      } else if (found->second == Extension::of_others) {
        add(Level::warning, fmt::format("extension {} is not made and the role may not make it", name), why,
            "run this as a superuser of the mirror", fmt::format("CREATE EXTENSION {};", quote_identifier(name)));
      } else {
        fine(fmt::format("extension {}, which the source uses, {}", name,
                         found->second == Extension::made ? "is there" : "will be made"));
      }
    }
  }

  void check_replica_role() {
    if (facts_.may_set_replica_role)
      return fine("foreign keys and triggers of the mirror rest while changes are applied");
    std::string sql;
    if (facts_.version >= 150000) {
      sql = fmt::format("GRANT SET ON PARAMETER session_replication_role TO {};", quote_identifier(facts_.role));
    }
    add(Level::warning, "the role may not set session_replication_role",
        "foreign keys of the mirror are checked again at each commit, and triggers that somebody adds there fire",
        sql.empty() ? "apply as a superuser, or leave it: it is only slower"
                    : "run this as a superuser, or leave it: it is only slower",
        sql);
  }

  void check_exposure() {
    if (facts_.api_roles.empty()) return fine("no role of a REST interface can reach the schema");
    const std::string roles = fmt::format("{}", fmt::join(facts_.api_roles, ", "));
    add(Level::warning, fmt::format("{} may use schema {}", roles, mirror_.schema),
        "a REST interface (Supabase) serves it; pgmirror switches row level security on and takes their rights on its "
        "own tables, but policies and grants that others add count",
        "keep the mirror in a schema of its own that is not among the exposed schemas of the project",
        fmt::format("REVOKE USAGE ON SCHEMA {} FROM {};", quote_identifier(mirror_.schema), roles));
  }

  void check_pooler() {
    if (facts_.transaction_pooler || mirror_.connection.port == transaction_pooler_port) {
      return add(Level::warning, "a pooler in transaction mode stands between",
                 "it works, but each transaction takes its way through the pooler",
                 "use the direct port (5432) where the network allows it; Supabase's direct host needs IPv6");
    }
    fine(facts_.pooler ? "a pooler in session mode stands between" : "connected without a pooler");
  }

  void check_clock() {
    if (std::chrono::abs(facts_.clock_difference) <= most_clock_difference) return;
    add(Level::warning,
        fmt::format("its clock differs by {:.1f} s from this machine's",
                    std::chrono::duration<double>(facts_.clock_difference).count()),
        "times in pgmirror.status cannot be compared with those in the log", "let both machines follow a time server");
  }

  const config::Mirror& mirror_;
  const ServerFacts& facts_;
  const std::set<std::string>& extensions_;
  std::string subject_;
  Findings findings_;
};

}  // namespace

Findings check_mirror(const config::Mirror& mirror, const ServerFacts& facts, const std::set<std::string>& extensions) {
  return MirrorCheck(mirror, facts, extensions).run();
}

Finding unreachable(const config::Mirror& mirror, const std::string& reason) {
  return {.level = Level::error,
          .subject = fmt::format("mirror \"{}\"", mirror.name),
          .what = fmt::format("{} cannot be used: {}", mirror.connection.address(), reason),
          .why = "nothing arrives there; changes gather in the queue up to its budget",
          .remedy = "mend what the message says, then run pgmirror doctor again"};
}

}  // namespace pgmirror::agent::doctor

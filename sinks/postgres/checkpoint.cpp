#include "sinks/postgres/checkpoint.hpp"

#include <fmt/format.h>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/control_schema.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr Oid timestamptz_oid = 1184;
constexpr change::CommitTime postgres_epoch{std::chrono::sys_days{std::chrono::January / 1 / 2000}};

/// Columns of the answers that checkpoint_of reads; the time as microseconds since 1970.
constexpr const char* answer = "epoch, position, (pg_catalog.date_part('epoch', commit_time) * 1000000)::bigint";

Checkpoint checkpoint_of(const libpq::Result& result) {
  Checkpoint checkpoint;
  checkpoint.epoch = result.integer(0, 0);
  checkpoint.position.value = static_cast<std::uint64_t>(result.integer(0, 1));
  if (!result.is_null(0, 2))
    checkpoint.commit_time = change::CommitTime{std::chrono::microseconds{result.integer(0, 2)}};
  return checkpoint;
}

std::optional<Checkpoint> select_checkpoint(libpq::Connection& connection, std::string_view mirror, const char* lock) {
  const libpq::Result result =
      connection.execute(fmt::format("SELECT {} FROM pgmirror.checkpoint WHERE mirror = $1 {}", answer, lock),
                         libpq::Parameters{}.text(mirror));
  if (result.rows() == 0) return std::nullopt;
  return checkpoint_of(result);
}

}  // namespace

Checkpoint claim_checkpoint(libpq::Connection& connection, std::string_view mirror,
                            const change::SourceIdentity& source, const Claimant& claimant) {
  const libpq::Result claimed = connection.execute(
      fmt::format(
          "INSERT INTO pgmirror.checkpoint AS c (mirror, source, epoch, owner, position) VALUES ($1, $2, 1, $3, 0) "
          "ON CONFLICT (mirror) DO UPDATE SET epoch = c.epoch + 1, owner = excluded.owner "
          "WHERE c.source = excluded.source AND ($4::boolean OR c.owner = excluded.owner) RETURNING {}",
          answer),
      libpq::Parameters{}
          .text(mirror)
          .text(source.text)
          .text(claimant.owner)
          .text(claimant.takes_over ? "true" : "false"));
  if (claimed.rows() == 1) return checkpoint_of(claimed);
  const libpq::Result other =
      connection.execute("SELECT source FROM pgmirror.checkpoint WHERE mirror = $1", libpq::Parameters{}.text(mirror));
  if (other.rows() == 1 && other.text(0, 0) == source.text) {
    throw IdentityError(fmt::format(
        "mirror \"{}\": another agent has taken this mirror over; stop one of the two, then run \"pgmirror resume\"",
        mirror));
  }
  throw IdentityError(fmt::format(
      "mirror \"{}\": it follows source {}, but this agent's source is {}; restore the state directory that "
      "belongs to the mirror, or run \"pgmirror resync --all\" to replace its content",
      mirror, other.rows() == 1 ? other.text(0, 0) : "(gone)", source.text));
}

Checkpoint replace_source(libpq::Connection& connection, std::string_view mirror, const change::SourceIdentity& source,
                          const Claimant& claimant) {
  libpq::DatabaseTransaction transaction(connection);
  const libpq::Result claimed =
      connection.execute(fmt::format("INSERT INTO pgmirror.checkpoint AS c (mirror, source, epoch, owner, position) "
                                     "VALUES ($1, $2, 1, $3, 0) "
                                     "ON CONFLICT (mirror) DO UPDATE SET epoch = c.epoch + 1, owner = excluded.owner, "
                                     "source = excluded.source, position = 0, commit_time = NULL RETURNING {}",
                                     answer),
                         libpq::Parameters{}.text(mirror).text(source.text).text(claimant.owner));
  connection.execute(
      "UPDATE pgmirror.tables SET state = 'copying', copied_at = 0 WHERE mirror = $1 AND state <> 'dropped'",
      libpq::Parameters{}.text(mirror));
  transaction.commit();
  return checkpoint_of(claimed);
}

std::optional<Checkpoint> read_checkpoint(libpq::Connection& connection, std::string_view mirror) {
  return select_checkpoint(connection, mirror, "FOR UPDATE");
}

std::optional<Checkpoint> peek_checkpoint(libpq::Connection& connection, std::string_view mirror) {
  return select_checkpoint(connection, mirror, "");
}

void advance_checkpoint(libpq::Connection& connection, std::string_view mirror, std::int64_t epoch,
                        change::Position expected, change::Position next,
                        std::optional<change::CommitTime> commit_time) {
  libpq::Parameters parameters;
  parameters.text(mirror)
      .integer(epoch)
      .integer(static_cast<std::int64_t>(expected.value))
      .integer(static_cast<std::int64_t>(next.value));
  if (commit_time) parameters.binary(timestamptz_bytes(*commit_time), timestamptz_oid);
  if (!commit_time) parameters.null(timestamptz_oid);
  connection.execute(advance_checkpoint_sql, parameters);
}

std::string timestamptz_bytes(change::CommitTime time) {
  std::string bytes;
  append_network_order(bytes, static_cast<std::int64_t>((time - postgres_epoch).count()));
  return bytes;
}

}  // namespace pgmirror::sinks::postgres

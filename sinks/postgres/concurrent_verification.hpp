#pragma once

#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/ownership.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/table_registry.hpp"
#include "sinks/postgres/verification.hpp"

namespace pgmirror::sinks::postgres {

/// A comparison that runs beside applying, on a connection and a thread of its own.
///
/// It sees the mirror as it stood when this object was made, whatever is applied meanwhile, in one transaction that
/// only reads. It holds ACCESS SHARE on the tables it has come to, and would see one emptied that it has not: whoever
/// is about to alter or truncate tables ends it first. Belongs to one thread, as the connection it applies on.
class ConcurrentVerification {
 public:
  /// The mirror must stand at the snapshot's position, and nothing be on its way to it; `manner` must not ask for
  /// repairs. Blocks for some round trips. Throws DatabaseError, IdentityError where the mirror is not ours any more.
  ConcurrentVerification(libpq::Connection connection, const config::Mirror& mirror, const Ownership& ownership,
                         std::unique_ptr<change::Snapshot> snapshot, const TableRegistry& tables,
                         const VerificationManner& manner);
  /// As end().
  ~ConcurrentVerification();
  ConcurrentVerification(const ConcurrentVerification&) = delete;
  ConcurrentVerification& operator=(const ConcurrentVerification&) = delete;

  bool finished() const;
  /// Once, when finished(). Throws what the comparison has thrown: DatabaseError and what the snapshot throws.
  VerificationReport take_report();
  /// Gives up; blocks until what runs on the mirror is cancelled and what is read from the source has come to a pause.
  void end();

 private:
  std::optional<VerificationReport> compare(const VerificationManner& manner);

  libpq::Connection connection_;
  std::unique_ptr<change::Snapshot> snapshot_;
  SchemaBuilder schema_;
  std::set<std::string> stopped_;
  std::stop_source stop_;
  std::future<std::optional<VerificationReport>> report_;
};

}  // namespace pgmirror::sinks::postgres

#pragma once

#include "capture/postgres/slot_check.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Throw SourceRefused with the remedy.
///
/// A server whose changes triggers could find.
void require_fit(const SourceFacts& facts, const std::string& source);
/// The source continues what the queue has. Returns the snapshot that stands for the queue's end.
std::string require_continuation(libpq::Connection& connection, const SourceFacts& facts,
                                 const ExpectedHistory& expected);

/// Takes the log for this session alone, as long as it lasts. Throws DatabaseError (55006) while another one has it:
/// perhaps our own of before, which the server has not given up yet.
void take_log(libpq::Connection& connection);

}  // namespace pgmirror::capture::postgres::triggers

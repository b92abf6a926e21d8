#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace pgmirror::change {

/// Place of a commit in the history of one source.
///
/// Only whole commits have positions, and positions of one source are totally ordered. PostgreSQL: the end LSN of the
/// commit record. SQLite: a sequence number that the capture gives to each commit. Zero is "before the first commit".
/// Positions of two sources must not be compared: see SourceIdentity.
struct Position {
  std::uint64_t value = 0;
  auto operator<=>(const Position&) const = default;
};

/// As PostgreSQL prints a log sequence number: `0/2A00`.
std::string to_string(Position position);

/// Which history a Position belongs to.
///
/// SQLite: made once when the capture first sees the file, kept in the state directory. PostgreSQL: system identifier,
/// database and timeline. Two positions with different identities say nothing about each other.
struct SourceIdentity {
  std::string text;
  bool operator==(const SourceIdentity&) const = default;
};

}  // namespace pgmirror::change

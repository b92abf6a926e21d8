#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "change/value.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// A moment as PostgreSQL counts it: microseconds since 2000-01-01 00:00 UTC, proleptic Gregorian.
using PostgresMicroseconds = std::int64_t;

/// `2024-02-29`, `2024-02-29 12:34`, `...:56`, `...:56.789`, with `T` for the blank and `Z`, `+02`, `+02:00` or `+0200`
/// behind. No zone means UTC. Years 0001 to 9999. None for anything else, finer than microseconds included.
std::optional<PostgresMicroseconds> read_iso8601(std::string_view text);

/// A value in the encoding that the user stated; none when it is of another class or outside PostgreSQL's range.
std::optional<PostgresMicroseconds> read_moment(const change::Value& value, TargetType::Moment encoding);

/// A timestamp, with or without time zone, as a PostgreSQL server prints it under DateStyle ISO (EncodeDateTime in its
/// datetime.c): any year it knows, before Christ too, and the infinite ones.
std::optional<PostgresMicroseconds> read_printed_timestamp(std::string_view text);

/// Likewise a date, as days since 2000-01-01.
std::optional<std::int32_t> read_printed_date(std::string_view text);

}  // namespace pgmirror::sinks::postgres

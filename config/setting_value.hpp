#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/invalid_value.hpp"

namespace pgmirror::config {

/// true, yes, on, 1 and false, no, off, 0, whatever the case.
bool parse_boolean(std::string_view text);
std::uint16_t parse_port(std::string_view text);
/// Connections of one mirror, 1 to 64.
unsigned parse_pool(std::string_view text);
unsigned parse_apply_connections(std::string_view text);
/// A size (parse_byte_size) of at least 1 MiB.
std::uint64_t parse_disk_budget(std::string_view text);
/// Bytes a second: a size (parse_byte_size), or 0 for no limit.
std::uint64_t parse_rate(std::string_view text);
PoisonRule parse_poison_rule(std::string_view text);
CaptureMethod parse_capture_method(std::string_view text);
LogFormat parse_log_format(std::string_view text);
std::string parse_log_level(std::string_view text);
std::string parse_sslmode(std::string_view text);
/// `address:port`, an IPv6 address in brackets.
std::string parse_listen_address(std::string_view text);
/// A schema in the mirror that is neither PostgreSQL's nor pgmirror's own.
std::string parse_mirror_schema(std::string_view text);
/// As PostgreSQL wants a replication slot's name: 1 to 63 lower-case letters, digits and underscores.
std::string parse_slot_name(std::string_view text);
/// Text without control characters.
std::string parse_plain_text(std::string_view text);
/// Throws InvalidValue unless it is a type name and a way to write it that fit together.
void check_type_override(const TypeOverride& type);
/// Items between commas, blanks around them removed, empty ones left out; commas in double quotes do not count.
std::vector<std::string> split_list(std::string_view text);

}  // namespace pgmirror::config

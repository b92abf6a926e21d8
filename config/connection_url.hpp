#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pgmirror::config {

/// What a postgresql:// URL says, by libpq's parameter names (`host`, `port`, `dbname`, `user`, `password`, `sslmode`,
/// ...).
using UrlParts = std::map<std::string, std::string, std::less<>>;

bool is_postgres_url(std::string_view url);

/// Splits the URL as libpq does. Throws InvalidValue; the message holds nothing of the URL, because wherever the URL is
/// mistyped, what looks like a port or a parameter may be a piece of the password.
UrlParts parse_connection_url(const std::string& url);

}  // namespace pgmirror::config

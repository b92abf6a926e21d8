#include "config/connection_url.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct FreeText {
  void operator()(char* text) const { PQfreemem(text); }
};

constexpr std::string_view encoding_advice =
    "write special characters of user and password percent-encoded (@ is %40, / is %2F, : is %3A, % is %25)";

/// libpq's own text up to the first quote: what it quotes may be the password.
std::string reason_without_quotes(std::string_view text) {
  std::string_view reason = text.substr(0, text.find('"'));
  while (reason.ends_with(' ') || reason.ends_with(':') || reason.ends_with('\n')) reason.remove_suffix(1);
  return std::string(reason);
}

/// Parameters that other drivers read and libpq refuses; people paste such URLs.
std::string foreign_parameter(std::string_view url) {
  static constexpr std::array<std::string_view, 7> names{"pgbouncer", "connection_limit", "pool_timeout",  "schema",
                                                         "supa",      "prepareThreshold", "sslnegotiation"};
  for (const std::string_view name : names) {
    if (url.find(fmt::format("?{}=", name)) != std::string_view::npos ||
        url.find(fmt::format("&{}=", name)) != std::string_view::npos) {
      return fmt::format("; take the parameter \"{}\" out", name);
    }
  }
  return {};
}

void refuse_split_password(const UrlParts& parts) {
  const auto part = [&](std::string_view name) {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string_view{} : std::string_view(found->second);
  };
  if (part("host").find(',') != std::string_view::npos || part("port").find(',') != std::string_view::npos) {
    throw InvalidValue("names several servers; give each its own entry under \"mirrors\"");
  }
  const bool odd_port = part("port").find_first_not_of("0123456789") != std::string_view::npos;
  const bool stray_at =
      part("host").find_first_of("@ ") != std::string_view::npos || part("dbname").find('@') != std::string_view::npos;
  const bool socket = part("host").starts_with('/');
  if (odd_port || (stray_at && !socket)) {
    throw InvalidValue(
        fmt::format("does not come apart into user, password, host, port and database; {}", encoding_advice));
  }
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

UrlParts parse_connection_url(const std::string& url) {
  if (!is_postgres_url(url))
    throw InvalidValue("is not a postgresql:// URL; write postgresql://user:password@host:5432/database");
  if (url.find("[YOUR-PASSWORD]") != std::string::npos) {
    throw InvalidValue("still holds [YOUR-PASSWORD]; put the database password there, percent-encoded");
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), &message));
  const std::unique_ptr<char, FreeText> owned_message(message);
  if (!options) {
    const std::string reason = message == nullptr ? "out of memory" : reason_without_quotes(message);
    const std::string foreign = foreign_parameter(url);
    throw InvalidValue(fmt::format("is not a URL that libpq understands ({}){}", reason,
                                   foreign.empty() ? fmt::format("; {}", encoding_advice) : foreign));
  }
  UrlParts parts;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') parts.emplace(option->keyword, option->val);
  }
  if (parts.contains("service"))
    throw InvalidValue("names a service file entry; write host, user and database into the URL");
  refuse_split_password(parts);
  return parts;
}

}  // namespace pgmirror::config

#include "config/tls.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

constexpr const char* system_ca_file = "/etc/ssl/certs/ca-certificates.crt";

void settle_root_certificate(ConnectionSettings& connection) {
  const bool system = connection.sslrootcert == "system";
  if (system) connection.sslrootcert = system_ca_file;
  if (connection.sslrootcert.empty() || ::access(connection.sslrootcert.c_str(), R_OK) == 0) return;
  throw InvalidValue(fmt::format("sslrootcert {} cannot be read; {}", connection.sslrootcert,
                                 system ? "install ca-certificates" : "give the path of a CA file, or system"));
}

}  // namespace

bool is_on_this_machine(const std::string& host) {
  return host.starts_with('/') || host.starts_with('@') || host == "localhost" || host.starts_with("127.") ||
         host == "::1";
}

bool is_neighbour(const std::string& host) { return host.find_first_of(".:/@") == std::string::npos; }

void settle_source_tls(ConnectionSettings& connection) {
  if (connection.sslmode.empty() && connection.sslrootcert.empty() && is_neighbour(connection.host)) {
    connection.sslmode = "prefer";
  }
  settle_tls(connection);
}

void settle_tls(ConnectionSettings& connection) {
  settle_root_certificate(connection);
  if (connection.sslmode.empty()) {
    const bool local = is_on_this_machine(connection.host);
    connection.sslmode = !connection.sslrootcert.empty() ? "verify-full" : local ? "prefer" : "require";
  }
  if (connection.sslmode.starts_with("verify-") && connection.sslrootcert.empty()) {
    throw InvalidValue(
        fmt::format("sslmode {} needs sslrootcert: the server's CA file, or system", connection.sslmode));
  }
}

bool may_be_unencrypted(const ConnectionSettings& connection) {
  const bool lax = connection.sslmode == "disable" || connection.sslmode == "allow" || connection.sslmode == "prefer";
  return lax && !is_on_this_machine(connection.host);
}

}  // namespace pgmirror::config

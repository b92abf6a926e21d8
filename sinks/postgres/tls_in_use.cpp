#include "sinks/postgres/tls_in_use.hpp"

namespace pgmirror::sinks::postgres {

std::string tls_in_use(const libpq::Connection& connection) {
  if (PQsslInUse(connection.native()) == 0) return {};
  const char* protocol = PQsslAttribute(connection.native(), "protocol");
  const char* cipher = PQsslAttribute(connection.native(), "cipher");
  return std::string(protocol == nullptr ? "TLS" : protocol) + (cipher == nullptr ? "" : std::string(", ") + cipher);
}

}  // namespace pgmirror::sinks::postgres

#pragma once

#include <string>

#include "config/config.hpp"

namespace pgmirror::config {

/// A Unix socket, localhost or a loopback address: the line does not leave this machine.
bool is_on_this_machine(const std::string& host);

/// A name without a dot: a neighbour in a Compose network, as the application's own server usually is.
bool is_neighbour(const std::string& host);

/// Fills in what was left open. No sslmode: verify-full with a CA file, else require, or prefer on this machine.
/// `system` as the CA file stands for the machine's own list, which libpq 15 cannot name. Throws InvalidValue for a CA
/// file that cannot be read and for modes that verify against nothing.
void settle_tls(ConnectionSettings& connection);

/// The same for the source: prefer for a neighbour as well.
void settle_source_tls(ConnectionSettings& connection);

/// The mode allows a line to another machine that is not encrypted.
bool may_be_unencrypted(const ConnectionSettings& connection);

}  // namespace pgmirror::config

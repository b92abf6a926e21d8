#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::agent {

/// Makes spdlog's free functions write to standard output as the user asked, for the whole process.
///
/// One line a message, UTC, flushed; every line passes a Redactor that knows `secrets`; newlines and other control
/// characters in messages come out escaped, so that a row or a server's text cannot forge a line. Messages begin with
/// their tag: `[MirrorCopy] users ...`. Text: `2026-11-20T03:50:31.123Z info  [MirrorCopy] users ...`. JSON: an object
/// a line with `ts`, `level`, `component` (the tag, where there is one) and `msg`.
///
/// May be called again (other level, more secrets). Writing blocks while standard output does. Throws
/// std::invalid_argument for a level that is none of trace, debug, info, warn, error.
void configure_logging(const config::Log& log, const std::vector<std::string>& secrets);

}  // namespace pgmirror::agent

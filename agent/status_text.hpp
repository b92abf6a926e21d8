#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pgmirror::agent {

enum class Colour : bool { no, yes };

/// What a person wants to see at a glance of the document that docs/status.md describes: troubles first, then source,
/// queue, mirrors and their tables. Several lines, each with its end.
std::string status_text(const nlohmann::json& status, Colour colour);

/// The same on one line without end, for logs and `status --watch` into a file.
std::string status_line(const nlohmann::json& status);

}  // namespace pgmirror::agent

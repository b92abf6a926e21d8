#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace pgmirror::config {

/// Puts environment variables into one value of the YAML file.
///
/// `${NAME}` must be set; `${NAME:-text}` stands for `text` and `${NAME:?text}` fails with `text` where the variable is
/// not set or empty; `$$` is a dollar sign. What comes from a variable is not looked at again. Names that were asked
/// for are added to `used`. Throws InvalidValue, without the value, for anything else after a dollar sign and for
/// variables that hold a newline.
std::string interpolate(std::string_view text, const std::map<std::string, std::string>& environment,
                        std::set<std::string>& used);

}  // namespace pgmirror::config

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::config {

/// The known name that was probably meant, empty when none is near: at most a third of the letters wrong, where a swap
/// of neighbours counts as one mistake.
std::string nearest_name(std::string_view mistyped, const std::vector<std::string>& known);

/// `; did you mean "pool"?`, empty when none is near.
std::string did_you_mean(std::string_view mistyped, const std::vector<std::string>& known);

}  // namespace pgmirror::config

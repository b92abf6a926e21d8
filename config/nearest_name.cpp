#include "config/nearest_name.hpp"

#include <algorithm>

namespace pgmirror::config {
namespace {

constexpr std::size_t longest_compared = 100;

/// Damerau-Levenshtein distance in which no part of the text is edited twice.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view mistyped, const std::vector<std::string>& known) {
  std::string nearest;
  if (mistyped.size() > longest_compared) return nearest;
  std::size_t least = std::max<std::size_t>(1, mistyped.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t mistakes = distance(mistyped, name);
    if (mistakes >= least) continue;
    least = mistakes;
    nearest = name;
  }
  return nearest;
}

std::string did_you_mean(std::string_view mistyped, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(mistyped, known);
  return nearest.empty() ? std::string() : "; did you mean \"" + nearest + "\"?";
}

}  // namespace pgmirror::config

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::agent {

/// Takes secrets out of text that is about to leave the process.
///
/// Knows the secrets as they are and as they stand in URLs (percent-encoded), and besides them masks what looks like a
/// password: `scheme://user:...@` and `password=...`. Secrets of fewer than four characters are masked only where no
/// letter or digit stands beside them, else every line would be full of stars. Immutable, safe from any thread.
class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& secrets);
  std::string redact(std::string_view text) const;

 private:
  std::vector<std::string> needles_;  ///< longest first, so that a secret that contains another leaves no rest
};

}  // namespace pgmirror::agent

#include "agent/redaction.hpp"

#include <algorithm>
#include <cctype>

namespace pgmirror::agent {
namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t shortest_distinctive = 4;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string percent_encoded(std::string_view text, std::string_view digits) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_word(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4U];
      encoded += digits[byte & 15U];
    }
  }
  return encoded;
}

void mask_secret(std::string& text, const std::string& secret) {
  const bool alone_only = secret.size() < shortest_distinctive;
  std::size_t at = 0;
  while ((at = text.find(secret, at)) != std::string::npos) {
    const std::size_t end = at + secret.size();
    if (alone_only && ((at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end])))) {
      at += 1;
      continue;
    }
    text.replace(at, secret.size(), mask);
    at += mask.size();
  }
}

/// The password of a URL ends at the last `@` of the word: people paste passwords that hold `@` and `/`.
void mask_url_passwords(std::string& text) {
  std::size_t at = 0;
  while ((at = text.find("://", at)) != std::string::npos) {
    at += 3;
    const std::size_t colon = text.find_first_of(":/?#@ \t\"'<>", at);
    if (colon == std::string::npos || text[colon] != ':') continue;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>", colon), text.size());
    const std::size_t sign = text.rfind('@', end == 0 ? 0 : end - 1);
    if (sign == std::string::npos || sign <= colon) continue;
    text.replace(colon + 1, sign - colon - 1, mask);
    at = colon + 1 + mask.size();
  }
}

/// `password=...` of connection strings and of URL parameters.
void mask_password_parameters(std::string& text) {
  constexpr std::string_view key = "password=";
  std::size_t at = 0;
  while ((at = text.find(key, at)) != std::string::npos) {
    at += key.size();
    std::size_t end = at + 1;
    if (at < text.size() && text[at] == '\'') {
      while (end < text.size() && text[end] != '\'') end += text[end] == '\\' ? 2U : 1U;
      end = std::min(end + 1, text.size());
    } else {
      end = std::min(text.find_first_of(" \t\r\n&\"'<>", at), text.size());
    }
    text.replace(at, end - at, mask);
    at += mask.size();
  }
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    needles_.push_back(secret);
    needles_.push_back(percent_encoded(secret, "0123456789ABCDEF"));
    needles_.push_back(percent_encoded(secret, "0123456789abcdef"));
  }
  std::sort(needles_.begin(), needles_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  needles_.erase(std::unique(needles_.begin(), needles_.end()), needles_.end());
}

std::string Redactor::redact(std::string_view text) const {
  std::string redacted(text);
  for (const std::string& needle : needles_) mask_secret(redacted, needle);
  mask_url_passwords(redacted);
  mask_password_parameters(redacted);
  return redacted;
}

}  // namespace pgmirror::agent

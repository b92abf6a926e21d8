#include "config/name_pattern.hpp"

#include <stdexcept>

namespace pgmirror::config {
namespace {

std::size_t character_end(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) ++at;
  return at;
}

}  // namespace

bool matches_glob(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_name = n;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      n = character_end(name, n);
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      star_name = character_end(name, star_name);
      n = star_name;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

NamePattern::NamePattern(std::string_view text, std::size_t least_parts, std::size_t most_parts) : text_(text) {
  std::size_t at = 0;
  while (true) {
    Part part;
    if (at < text.size() && text[at] == '"') {
      part.quoted = true;
      ++at;
      while (true) {
        if (at == text.size()) throw std::invalid_argument("has a double quote that does not end");
        if (text[at] == '"') {
          if (at + 1 == text.size() || text[at + 1] != '"') break;
          ++at;
        }
        part.text += text[at++];
      }
      ++at;
      if (at < text.size() && text[at] != '.') throw std::invalid_argument("goes on after a closing double quote");
    } else {
      while (at < text.size() && text[at] != '.') {
        if (text[at] == '"') throw std::invalid_argument("has a double quote inside a part; quote the whole part");
        part.text += text[at++];
      }
    }
    if (part.text.empty()) throw std::invalid_argument("has an empty part");
    parts_.push_back(std::move(part));
    if (at == text.size()) break;
    ++at;
  }
  if (parts_.size() < least_parts) throw std::invalid_argument("has too few parts");
  if (parts_.size() > most_parts) {
    throw std::invalid_argument("has too many parts; put names that contain dots in double quotes");
  }
}

bool NamePattern::matches_from_end(std::size_t part, std::string_view name) const {
  const Part& wanted = parts_[parts_.size() - 1 - part];
  return wanted.quoted ? wanted.text == name : matches_glob(wanted.text, name);
}

std::string NamePattern::plain_name() const {
  std::string name;
  for (const Part& part : parts_) name += (name.empty() ? "" : ".") + part.text;
  return name;
}

}  // namespace pgmirror::config

#include "config/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "config/config_error.hpp"
#include "config/utf8.hpp"

namespace pgmirror::config {
namespace {

[[noreturn]] void fail(const std::string& file, int line, int column, std::string_view problem) {
  throw ConfigError({fmt::format("{}:{}:{}: {}", file, line, column, problem)});
}

[[noreturn]] void fail_at_offset(const std::string& file, std::string_view text, std::size_t offset,
                                 std::string_view problem) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is the first line's begin
  fail(file, static_cast<int>(line), static_cast<int>(offset - line_begin) + 1, problem);
}

void refuse_tab_indentation(const std::string& file, std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t first = std::min(text.find_first_not_of(" \t", begin), text.size());
    const std::size_t tab = text.substr(begin, first - begin).find('\t');
    const bool blank = first == text.size() || text[first] == '\n' || text[first] == '\r' || text[first] == '#';
    if (tab != std::string_view::npos && !blank) {
      fail_at_offset(file, text, begin + tab, "tab in the indentation; YAML wants spaces");
    }
    const std::size_t end = text.find('\n', first);
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

/// Whether the quoted scalar that begins at the front of `text` ends: yaml-cpp takes the end of the file for a closing
/// quote.
bool quote_ends(std::string_view text) {
  const char quote = text.front();
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 == text.size() || text[at + 1] != quote) return true;
      ++at;
    }
  }
  return false;
}

/// Builds the tree from yaml-cpp's events and not from its nodes, which accept keys that stand twice and expand
/// aliases.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  YamlNode take() {
    if (!duplicates_.empty()) throw ConfigError(std::move(duplicates_));
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) refuse(mark, "a second document begins here; one file holds one configuration");
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_properties(mark, "", anchor);
    add(node(YamlNode::Kind::null, mark), mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not supported; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_properties(mark, tag, anchor);
    if (value.find('\0') != std::string::npos) refuse(mark, "value holds a NUL character");
    if (tag == "!") require_end_of_quote(mark);
    YamlNode scalar = node(YamlNode::Kind::scalar, mark);
    scalar.text = value;
    add(std::move(scalar), mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_properties(mark, tag, anchor);
    open(YamlNode::Kind::list, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_properties(mark, tag, anchor);
    open(YamlNode::Kind::map, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::Mark mark;
    std::optional<YamlEntry> key{};      ///< of a map: the key whose value comes next
    std::map<std::string, int> lines{};  ///< of a map: where each key stands
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view problem) const {
    fail(file_, mark.line + 1, mark.column + 1, problem);
  }
  void refuse_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors are not supported; write the value out");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags are not supported; write the plain value");
  }
  /// A scalar of the tag "!" is a quoted one, unless somebody wrote that tag.
  void require_end_of_quote(const YAML::Mark& mark) const {
    const std::string_view from_here = text_.substr(static_cast<std::size_t>(mark.pos));
    if (from_here.starts_with('!')) refuse(mark, "tags are not supported; write the plain value");
    if (!quote_ends(from_here)) refuse(mark, "quote does not end");
  }
  static YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark) { return {kind, mark.line + 1, mark.column + 1}; }

  void open(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (!open_.empty() && open_.back().node.kind == YamlNode::Kind::map && !open_.back().key) {
      refuse(mark, "a key must be plain text");
    }
    open_.push_back({node(kind, mark), mark});
  }
  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.node), closed.mark);
  }
  void add(YamlNode child, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(child);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(child));
    } else if (!parent.key) {
      add_key(parent, child, mark);
    } else {
      parent.key->value = std::move(child);
      parent.node.entries.push_back(std::move(*parent.key));
      parent.key.reset();
    }
  }
  void add_key(Open& parent, const YamlNode& key, const YAML::Mark& mark) {
    if (key.kind != YamlNode::Kind::scalar) refuse(mark, "a key must be plain text");
    parent.key = YamlEntry{key.text, key.line, key.column};
    const auto [first, is_new] = parent.lines.emplace(key.text, key.line);
    if (is_new) return;
    duplicates_.push_back(fmt::format("{}:{}:{}: key \"{}\" stands twice in one map, first in line {}; keep one", file_,
                                      key.line, key.column, shown_key(key.text), first->second));
  }

  std::string_view text_;
  const std::string& file_;
  bool started_ = false;
  YamlNode root_{YamlNode::Kind::map, 1, 1};
  std::vector<Open> open_{};
  std::vector<std::string> duplicates_{};
};

}  // namespace

std::string shown_key(std::string_view key) {
  constexpr std::size_t most_shown = 80;
  const auto ends = [](char c) { return c == ':' || static_cast<unsigned char>(c) < 0x20; };
  const auto end = std::find_if(key.begin(), key.end(), ends);
  std::string_view shown = key.substr(0, std::min(most_shown, static_cast<std::size_t>(end - key.begin())));
  shown = shown.substr(0, std::min(first_invalid_utf8(shown), shown.size()));
  return shown.size() == key.size() ? std::string(key) : std::string(shown) + "...";
}

YamlNode parse_yaml(std::string_view text, const std::string& file) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (const auto at = text.find('\0'); at != std::string_view::npos) {
    fail_at_offset(file, text, at, "NUL byte; the file must be UTF-8 text");
  }
  if (const auto at = first_invalid_utf8(text); at != std::string_view::npos) {
    fail_at_offset(file, text, at, "not UTF-8; save the file as UTF-8 text");
  }
  refuse_tab_indentation(file, text);
  TreeBuilder builder(text, file);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    fail(file, error.mark.line + 1, error.mark.column + 1, fmt::format("not valid YAML: {}", error.msg));
  }
  YamlNode root = builder.take();
  if (root.kind == YamlNode::Kind::null) root.kind = YamlNode::Kind::map;
  if (root.kind != YamlNode::Kind::map)
    fail(file, root.line, root.column, "the top of the file must be keys and values");
  return root;
}

}  // namespace pgmirror::config

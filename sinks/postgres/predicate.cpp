#include "sinks/postgres/predicate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "sinks/postgres/source_constant.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using Encoding = TargetType::Encoding;

struct Token {
  enum class Kind { word, quoted_name, constant, symbol } kind = Kind::symbol;
  std::string text;
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & 0x80) != 0;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// The end of a quoted piece that begins at `at`, doubled quotes passed over; npos when it does not end.
std::size_t quoted_end(std::string_view sql, std::size_t at, char close) {
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (sql[i] != close) continue;
    if (close != ']' && i + 1 < sql.size() && sql[i + 1] == close) {
      ++i;
      continue;
    }
    return i + 1;
  }
  return std::string_view::npos;
}

std::string unquoted(std::string_view piece, char close) {
  std::string out;
  for (std::size_t i = 1; i + 1 < piece.size(); ++i) {
    out += piece[i];
    if (piece[i] == close && close != ']') ++i;
  }
  return out;
}

std::optional<std::vector<Token>> tokens_of(std::string_view sql) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    std::size_t end = i + 1;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      i = end;
      continue;
    }
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      const char close = c == '[' ? ']' : c;
      end = quoted_end(sql, i, close);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view piece = sql.substr(i, end - i);
      if (c == '\'') tokens.push_back({Kind::constant, std::string(piece)});
      if (c != '\'') tokens.push_back({Kind::quoted_name, unquoted(piece, close)});
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '+') {
      while (end < sql.size() && (is_word(sql[end]) || sql[end] == '.')) ++end;
      tokens.push_back({Kind::constant, std::string(sql.substr(i, end - i))});
    } else if (is_word(c)) {
      while (end < sql.size() && is_word(sql[end])) ++end;
      tokens.push_back({Kind::word, std::string(sql.substr(i, end - i))});
    } else {
      while (end < sql.size() && end < i + 2 && (sql[end] == '=' || sql[end] == '>') &&
             (c == '<' || c == '>' || c == '!' || c == '='))
        ++end;
      tokens.push_back({Kind::symbol, std::string(sql.substr(i, end - i))});
    }
    i = end;
  }
  return tokens;
}

class Translator {
 public:
  Translator(const MirrorTable& table, std::vector<Token> tokens) : table_(table), tokens_(std::move(tokens)) {}

  std::optional<std::string> translate() {
    auto sql = conjunction();
    if (at_ != tokens_.size()) return std::nullopt;
    return sql;
  }

 private:
  bool take_word(const char* word) {
    if (at_ == tokens_.size() || tokens_[at_].kind != Token::Kind::word || upper(tokens_[at_].text) != word)
      return false;
    ++at_;
    return true;
  }

  bool take_symbol(const char* symbol) {
    if (at_ == tokens_.size() || tokens_[at_].kind != Token::Kind::symbol || tokens_[at_].text != symbol) return false;
    ++at_;
    return true;
  }

  std::optional<std::string> conjunction() {
    auto sql = term();
    while (sql && take_word("AND")) {
      const auto next = term();
      if (!next) return std::nullopt;
      *sql += " AND " + *next;
    }
    return sql;
  }

  std::optional<std::string> term() {
    if (take_symbol("(")) {
      auto inner = conjunction();
      if (!inner || !take_symbol(")")) return std::nullopt;
      return "(" + *inner + ")";
    }
    const bool negated = take_word("NOT");
    const MirrorColumn* column = take_column();
    if (column == nullptr) return std::nullopt;
    if (negated) return truth(*column, false);
    if (take_word("ISNULL")) return column->quoted + " IS NULL";
    if (take_word("NOTNULL")) return column->quoted + " IS NOT NULL";
    if (take_word("IS")) {
      const bool is_not = take_word("NOT");
      if (!take_word("NULL")) return std::nullopt;
      return column->quoted + (is_not ? " IS NOT NULL" : " IS NULL");
    }
    for (const auto& [theirs, ours] : operators) {
      if (take_symbol(theirs)) return comparison(*column, ours);
    }
    return truth(*column, true);
  }

  const MirrorColumn* take_column() {
    if (at_ == tokens_.size()) return nullptr;
    const Token& token = tokens_[at_];
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::quoted_name) return nullptr;
    const std::string wanted = upper(token.text);
    const auto found = std::ranges::find_if(table_.columns, [&](const MirrorColumn& column) {
      return upper(table_.relation->columns[column.source].name) == wanted;
    });
    if (found == table_.columns.end()) return nullptr;
    ++at_;
    return &*found;
  }

  static bool is_number(const MirrorColumn& column) {
    const Encoding encoding = column.type.encoding;
    return encoding == Encoding::bigint || encoding == Encoding::integer || encoding == Encoding::smallint ||
           encoding == Encoding::double_precision || encoding == Encoding::numeric;
  }

  static std::optional<std::string> truth(const MirrorColumn& column, bool wanted) {
    if (column.type.encoding == Encoding::boolean) return wanted ? column.quoted : "NOT " + column.quoted;
    if (is_number(column)) return column.quoted + (wanted ? " <> 0" : " = 0");
    return std::nullopt;
  }

  std::optional<std::string> comparison(const MirrorColumn& column, const std::string& comparator) {
    if (at_ == tokens_.size()) return std::nullopt;
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::symbol || token.kind == Token::Kind::quoted_name) return std::nullopt;
    const auto constant = read_constant(token.text);
    if (!constant || constant->kind == change::ValueKind::null) return std::nullopt;
    const bool equality = comparator == "=" || comparator == "<>";
    const std::string& collation = table_.relation->columns[column.source].collation;
    const bool binary = collation.empty() || upper(collation) == "BINARY";
    const bool text =
        column.type.encoding == Encoding::text && column.type.family == change::TypeFamily::text && equality && binary;
    const bool boolean = column.type.encoding == Encoding::boolean && equality;
    if (!text && !boolean && !is_number(column)) return std::nullopt;
    const auto stored = stored_in(*constant, column.type.family);
    if (!stored) return std::nullopt;
    const auto literal = literal_for(*stored, column.type);
    if (!literal) return std::nullopt;
    ++at_;
    return column.quoted + " " + comparator + " " + *literal;
  }

  static constexpr std::array<std::pair<const char*, const char*>, 8> operators{
      {{"=", "="}, {"==", "="}, {"<>", "<>"}, {"!=", "<>"}, {"<", "<"}, {"<=", "<="}, {">", ">"}, {">=", ">="}}};

  const MirrorTable& table_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> translate_predicate(const MirrorTable& table, std::string_view where_sql) {
  auto tokens = tokens_of(where_sql);
  if (!tokens) return std::nullopt;
  return Translator(table, std::move(*tokens)).translate();
}

}  // namespace pgmirror::sinks::postgres

#pragma once

#include <string_view>

namespace pgmirror::libpq {

/// Text that a UTF8 database of PostgreSQL can hold: UTF-8 without overlong forms and surrogates, up to U+10FFFF, and
/// no NUL. Runs of ASCII are read eight bytes at a time.
bool is_storable_text(std::string_view text);

/// Characters of a storable text.
std::size_t character_count(std::string_view text);

/// The longest beginning of a storable text with at most `bytes` bytes that does not end inside a character.
std::string_view prefix_of_whole_characters(std::string_view text, std::size_t bytes);

}  // namespace pgmirror::libpq

#pragma once

#include <string>

#include "queue/cursor_item.hpp"

namespace pgmirror::agent {

enum class ShownCells : bool { key, all };

/// One item of a transaction on one line, for people: `update users#42`, `commit 0/2A00 2026-11-20T03:50:31.123Z`. With
/// all cells, rows stand behind it as `{name: 'x', age: 7}`; texts are escaped, long ones cut.
std::string change_line(const queue::Item& item, ShownCells cells);

}  // namespace pgmirror::agent

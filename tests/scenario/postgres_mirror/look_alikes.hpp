#pragma once

#include <string>

namespace pgmirror::tests {

/// SQL that fills schema public with things called like the server's own: views like its catalogs, domains like its
/// types, functions, aggregates and operators for its types. All of them fail when somebody uses them.
std::string look_alikes();

/// SQL that makes every session of the database `name` find them before the server's own, and gives each other setting
/// that changes how a value is read or printed a value of its own.
std::string hostile_settings(const std::string& name);

}  // namespace pgmirror::tests

#pragma once

#include <pqxx/pqxx>
#include <set>
#include <string>

namespace pgmirror::tests {

/// Everything that the application's schemas hold, a line for each object or part: `index shop.orders_total: CREATE
/// INDEX ...`. Knows nothing of the product; two databases with the same lines have the same schema.
std::set<std::string> catalog_listing(pqxx::connection& connection);

}  // namespace pgmirror::tests

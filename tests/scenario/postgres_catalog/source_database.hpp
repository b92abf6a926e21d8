#pragma once

#include <filesystem>
#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "capture/postgres/relation_catalog.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::tests {

/// A database of its own on the shared cluster, with an application's session in it. One thread.
class SourceDatabase {
 public:
  SourceDatabase();

  /// One or more statements, each call one transaction.
  void exec(const std::string& sql);
  void exec_file(const std::filesystem::path& file);
  /// The first cell of the first row.
  std::string value(const std::string& sql);
  /// The first cells of all rows, a line each.
  std::string lines(const std::string& sql);

  /// As the product looks at it.
  libpq::Connection session() const;
  capture::postgres::RelationCatalog catalog(const config::TableRules& rules = {}) const;
  const config::ConnectionSettings& settings() const { return settings_; }
  pqxx::connection& application() { return *application_; }

 private:
  config::ConnectionSettings settings_;
  std::unique_ptr<pqxx::connection> application_;
};

}  // namespace pgmirror::tests

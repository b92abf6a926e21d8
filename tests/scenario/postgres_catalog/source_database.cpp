#include "tests/scenario/postgres_catalog/source_database.hpp"

#include "capture/postgres/source_session.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/file_text.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

SourceDatabase::SourceDatabase()
    : settings_(shared_postgres().create_database()),
      application_(std::make_unique<pqxx::connection>(connection_string(settings_))) {}

void SourceDatabase::exec(const std::string& sql) { pqxx::nontransaction(*application_).exec(sql); }

void SourceDatabase::exec_file(const std::filesystem::path& file) {
  const std::string sql = file_text(file);
  if (sql.empty()) throw std::runtime_error("cannot read " + file.string());
  exec(sql);
}

std::string SourceDatabase::value(const std::string& sql) {
  return pqxx::nontransaction(*application_).exec(sql).at(0).at(0).c_str();
}

std::string SourceDatabase::lines(const std::string& sql) {
  std::string text;
  for (const auto& row : pqxx::nontransaction(*application_).exec(sql)) text += std::string(row.at(0).c_str()) + "\n";
  return text;
}

libpq::Connection SourceDatabase::session() const {
  return capture::postgres::open_source_session(settings_, "postgres_catalog_test");
}

capture::postgres::RelationCatalog SourceDatabase::catalog(const config::TableRules& rules) const {
  capture::postgres::RelationCatalog catalog(rules);
  libpq::Connection connection = session();
  catalog.refresh(connection);
  return catalog;
}

}  // namespace pgmirror::tests

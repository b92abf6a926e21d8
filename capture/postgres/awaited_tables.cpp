#include "capture/postgres/awaited_tables.hpp"

#include <sstream>
#include <stdexcept>

#include "capture/postgres/durable_file.hpp"

namespace pgmirror::capture::postgres {

AwaitedTables::AwaitedTables(std::filesystem::path file) : file_(std::move(file)) {
  const auto content = file_content(file_);
  if (!content) return;
  std::istringstream numbers(*content);
  int known = 0;
  for (ObjectId table = 0; numbers >> table >> known;) tables_.emplace(table, known == 0 ? Known::no : Known::yes);
  if (!numbers.eof())
    throw std::runtime_error(file_.string() +
                             ": holds something else than table numbers; restore it from a backup, or "
                             "remove it and run \"pgmirror resync --all\"");
}

void AwaitedTables::add(const std::map<ObjectId, Known>& tables) {
  const std::size_t before = tables_.size();
  tables_.insert(tables.begin(), tables.end());
  if (tables_.size() != before) keep();
}

void AwaitedTables::remove(ObjectId table) {
  if (tables_.erase(table) > 0) keep();
}

void AwaitedTables::clear() {
  if (tables_.empty()) return;
  tables_.clear();
  keep();
}

void AwaitedTables::keep() const {
  std::string numbers;
  for (const auto& [table, known] : tables_) numbers += std::to_string(table) + (known == Known::yes ? " 1\n" : " 0\n");
  replace_file(file_, numbers);
}

}  // namespace pgmirror::capture::postgres

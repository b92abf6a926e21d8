#include "tests/scenario/sqlite_source/change_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

struct Content {
  std::vector<ChangeLog::Transaction> transactions;
  std::uint64_t whole_bytes = 0;
};

Content parse(const std::filesystem::path& file) {
  const std::string text = std::filesystem::exists(file) ? file_text(file) : std::string();
  Content content;
  ChangeLog::Transaction open;
  for (std::size_t start = 0, end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    std::istringstream line(text.substr(start, end - start));
    std::string kind;
    std::getline(line, kind, '\t');
    if (kind == "commit") {
      line >> open.position;
      content.transactions.push_back(std::move(open));
      content.whole_bytes = end + 1;
      open = {};
    } else {
      TextChange change;
      change.operation = kind.at(0);
      std::getline(line, change.table, '\t');
      std::getline(line, change.old_key, '\t');
      std::getline(line, change.new_key, '\t');
      std::getline(line, change.row, '\t');
      open.changes.push_back(std::move(change));
    }
  }
  return content;
}

}  // namespace

ChangeLog::ChangeLog(const std::filesystem::path& file)
    : descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {
  if (descriptor_ < 0) throw std::runtime_error("cannot open the change log");
  const Content content = parse(file);
  if (::ftruncate(descriptor_, static_cast<off_t>(content.whole_bytes)) != 0)
    throw std::runtime_error("cannot cut the change log");
  if (!content.transactions.empty()) end_ = content.transactions.back().position;
}

ChangeLog::~ChangeLog() { ::close(descriptor_); }

void ChangeLog::row(const change::RowChange& row) {
  const TextChange change = to_text(row);
  buffer_ += change.operation;
  for (const std::string& field : {change.table, change.old_key, change.new_key, change.row}) buffer_ += "\t" + field;
  buffer_ += '\n';
}

void ChangeLog::commit(const change::Commit& commit) {
  buffer_ += "commit\t" + std::to_string(commit.position.value) + "\n";
}

void ChangeLog::sync() {
  // In two writes, so that a kill between them leaves half a line behind.
  const std::size_t half = buffer_.size() / 2;
  const bool written =
      ::write(descriptor_, buffer_.data(), half) == static_cast<ssize_t>(half) &&
      ::write(descriptor_, buffer_.data() + half, buffer_.size() - half) == static_cast<ssize_t>(buffer_.size() - half);
  if (!written || ::fdatasync(descriptor_) != 0) throw std::runtime_error("cannot write the change log");
  buffer_.clear();
}

std::vector<ChangeLog::Transaction> ChangeLog::read(const std::filesystem::path& file) {
  return parse(file).transactions;
}

}  // namespace pgmirror::tests

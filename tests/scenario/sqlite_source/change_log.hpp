#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/scenario/sqlite_source/row_mirror.hpp"

namespace pgmirror::tests {

/// A queue for crash tests: transactions as lines of text in a file, synced. What follows the last commit is cut when
/// the file is opened.
class ChangeLog : public change::TransactionWriter {
 public:
  explicit ChangeLog(const std::filesystem::path& file);
  ~ChangeLog() override;
  ChangeLog(const ChangeLog&) = delete;
  ChangeLog& operator=(const ChangeLog&) = delete;

  std::uint64_t end() const { return end_; }

  void begin() override { mark_ = buffer_.size(); }
  void row(const change::RowChange& change) override;
  void schema(const change::SchemaChange&) override {}
  void truncate(const change::Truncation&) override {}
  void commit(const change::Commit& commit) override;
  void rollback() override { buffer_.resize(mark_); }
  void sync() override;

  struct Transaction {
    std::uint64_t position = 0;
    std::vector<TextChange> changes{};
  };
  /// The whole transactions in `file`.
  static std::vector<Transaction> read(const std::filesystem::path& file);

 private:
  int descriptor_;
  std::uint64_t end_ = 0;
  std::string buffer_;
  std::size_t mark_ = 0;
};

}  // namespace pgmirror::tests

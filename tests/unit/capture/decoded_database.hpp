#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/transaction_decoder.hpp"
#include "change/transaction.hpp"
#include "config/table_rules.hpp"

struct sqlite3;

namespace pgmirror::tests {

/// A database as bytes.
class BytesImage final : public capture::sqlite::PageImage {
 public:
  BytesImage(std::vector<std::byte> bytes, std::size_t page_size) : bytes_(std::move(bytes)), page_size_(page_size) {}
  std::size_t page_size() const override { return page_size_; }
  capture::sqlite::PageNumber page_count() const override {
    return static_cast<capture::sqlite::PageNumber>(bytes_.size() / page_size_);
  }
  void read(capture::sqlite::PageNumber number, std::span<std::byte> out) const override;
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t page_size_;
};

/// A database in memory under a decoder: run some SQL, see what the decoder says of it.
class DecodedDatabase {
 public:
  /// `setup` is run before the decoder looks for the first time.
  explicit DecodedDatabase(const std::string& setup, const config::TableRules& rules = {}, int page_size = 1024);
  ~DecodedDatabase();
  DecodedDatabase(const DecodedDatabase&) = delete;
  DecodedDatabase& operator=(const DecodedDatabase&) = delete;

  void run(const std::string& sql);
  /// Runs the SQL and gives one line for each change, as `insert t (1, 'one')`, `update t (...) key (...)`,
  /// `remove t (...)`, `truncate t`, `table t -> t (columns)`; `-` stands for an unchanged cell.
  std::vector<std::string> changes(const std::string& sql);
  /// Rows as read_table() gives them.
  std::vector<std::string> rows(const std::string& table) const;
  capture::sqlite::TableLayoutPtr table(const std::string& name) const;
  const capture::sqlite::TransactionDecoder& decoder() const { return *decoder_; }
  BytesImage image() const;
  sqlite3* native() { return handle_.get(); }

 private:
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
  int page_size_;
  std::unique_ptr<BytesImage> last_;
  std::unique_ptr<capture::sqlite::TransactionDecoder> decoder_;
};

}  // namespace pgmirror::tests

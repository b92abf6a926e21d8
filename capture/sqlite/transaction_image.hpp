#pragma once

#include "capture/sqlite/wal_batch.hpp"
#include "capture/sqlite/wal_file.hpp"

namespace pgmirror::capture::sqlite {

/// The database as of one commit in the WAL: the pages that the transaction wrote, the others as before it.
class TransactionImage : public PageImage {
 public:
  TransactionImage(const PageImage& before, const WalFile& wal, const WalBatch& batch,
                   const WalBatch::Transaction& transaction)
      : before_(before), wal_(wal), batch_(batch), transaction_(transaction) {}

  std::size_t page_size() const override { return wal_.page_size(); }
  PageNumber page_count() const override { return transaction_.page_count; }
  void read(PageNumber number, std::span<std::byte> out) const override;

 private:
  const PageImage& before_;
  const WalFile& wal_;
  const WalBatch& batch_;
  const WalBatch::Transaction& transaction_;
};

}  // namespace pgmirror::capture::sqlite

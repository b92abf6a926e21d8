#pragma once

#include <cstdint>

#include "change/transaction.hpp"
#include "queue/block_header.hpp"
#include "queue/byte_buffer.hpp"
#include "queue/record_tag.hpp"
#include "queue/relation_ids.hpp"

struct ZSTD_CCtx_s;

namespace pgmirror::queue {

/// The block being filled: records, and what its header will say about them.
class BlockBuilder {
 public:
  explicit BlockBuilder(int compression_level);
  ~BlockBuilder();
  BlockBuilder(const BlockBuilder&) = delete;
  BlockBuilder& operator=(const BlockBuilder&) = delete;

  bool empty() const { return records_.size() == BlockHeader::size; }
  std::size_t bytes() const { return records_.size() - BlockHeader::size; }
  /// What the block says about the transaction that was open at its start.
  Outcome outcome() const { return contents_.outcome; }
  /// Whether the open transaction began in this block.
  bool begun_here() const { return begun_here_; }

  void begin(bool abandons_another, const RelationIds& ids);
  void row(const change::RowChange& change, RelationIds& ids);
  void schema(const change::SchemaChange& change, RelationIds& ids);
  void truncate(const change::Truncation& change, RelationIds& ids);
  void gap(const change::ContentGap& gap, RelationIds& ids);
  void statement(const change::SchemaStatement& statement);
  void sequence(const change::SequenceValue& value);
  void commit(const change::Commit& commit, bool began_before);

  /// Takes back everything since begin(), which must have been in this block.
  void rollback(RelationIds& ids);

  /// Header and stored bytes in one piece, the header's own bytes still to be laid out; fills the fields of `header`
  /// that the records determine. The block stays as it is: writing may fail and be tried again.
  ByteBuffer& finish(BlockHeader& header);
  void clear();

 private:
  struct Contents {
    std::size_t size = BlockHeader::size;
    std::uint64_t last_relation = 0;
    std::uint32_t commits = 0;
    std::uint32_t changes = 0;
    std::uint32_t last_begin = BlockHeader::no_begin;
    bool defines_relations = false;
    Outcome outcome = Outcome::none;
  };

  void tag(RecordTag tag);

  ZSTD_CCtx_s* context_;
  int compression_level_;
  ByteBuffer records_;  ///< behind room for a header
  ByteBuffer compressed_;
  Contents contents_;
  Contents at_begin_;
  bool begun_here_ = false;
  change::Position first_;
  change::Position last_;
  change::CommitTime first_time_{};
  change::CommitTime last_time_{};
};

}  // namespace pgmirror::queue

#include "queue/open_transaction.hpp"

#include "queue/block_walk.hpp"
#include "queue/damage.hpp"
#include "queue/record_reader.hpp"

namespace pgmirror::queue {

class OpenTransaction::Reading {
 public:
  Reading(std::shared_ptr<const SegmentCatalog> catalog, const GrowingTransaction& growing)
      : catalog_(std::move(catalog)), abandonments_(growing.abandonments), walk_(catalog_, Reach::written) {
    surviving_cuts([&] {
      walk_.go_to(growing.began.segment);
      go_behind_begin(growing.began.offset);
    });
  }

  const Item* next() {
    if (commit_ == nullptr) {
      const Item* item = nullptr;
      surviving_cuts([&] { item = next_written(); });
      if (item == nullptr || !std::holds_alternative<change::Commit>(*item)) return item;
      commit_ = item;
    }
    return catalog_->end() >= std::get<change::Commit>(*commit_).position ? commit_ : nullptr;
  }

  bool wait(std::stop_token stop, std::chrono::milliseconds timeout) const {
    if (commit_ != nullptr) {
      return catalog_->wait_for_end(std::get<change::Commit>(*commit_).position, std::move(stop), timeout);
    }
    return catalog_->wait_for_growth({walk_.header().sequence, walk_.place().offset}, abandonments_, std::move(stop),
                                     timeout);
  }

  std::shared_ptr<const void> block() const { return block_; }

 private:
  /// What is cut off while it is read looks damaged.
  template <typename Work>
  void surviving_cuts(Work work) {
    try {
      work();
    } catch (const wire::Malformed& malformed) {
      check_abandoned();
      throw Damage(walk_.path(), walk_.place().offset, malformed.what());
    } catch (const std::runtime_error&) {
      check_abandoned();
      throw;
    }
  }

  void check_abandoned() const {
    if (catalog_->abandonments() == abandonments_) return;
    throw TransactionAbandoned("the transaction was taken back while it was read");
  }

  /// With all relations known that the segment defines before it.
  void go_behind_begin(std::uint64_t offset) {
    while (walk_.place().offset < offset) {
      const auto header = walk_.peek();
      if (!header) throw Damage(walk_.path(), walk_.place().offset, "a block before an open transaction is missing");
      if (!header->defines_relations) {
        walk_.skip(*header);
        continue;
      }
      load();
      while (!records_.at_end()) records_.skip();
    }
    if (!load()) throw Damage(walk_.path(), offset, "the beginning of an open transaction is missing");
    while (records_.offset() <= block_->header.last_begin) records_.skip();
  }

  /// False at the end of what is written.
  bool load() {
    auto block = walk_.read();
    while (!block && walk_.next_segment()) {
      relations_.forget_numbers();
      block = walk_.read();
    }
    check_abandoned();
    if (!block) return false;
    block_ = std::move(block);
    records_.start(*block_);
    return true;
  }

  const Item* next_written() {
    for (;;) {
      if (records_.at_end() && !load()) return nullptr;
      if (const Item* item = records_.next()) return item;
    }
  }

  std::shared_ptr<const SegmentCatalog> catalog_;
  const std::uint64_t abandonments_;
  BlockWalk walk_;
  RelationTable relations_;
  RecordReader records_{relations_};
  std::shared_ptr<Block> block_;
  const Item* commit_ = nullptr;  ///< read, but perhaps not durable yet
};

OpenTransaction::OpenTransaction(std::shared_ptr<const SegmentCatalog> catalog, const GrowingTransaction& growing)
    : reading_(std::make_unique<Reading>(std::move(catalog), growing)) {}

OpenTransaction::~OpenTransaction() = default;
OpenTransaction::OpenTransaction(OpenTransaction&&) noexcept = default;
OpenTransaction& OpenTransaction::operator=(OpenTransaction&&) noexcept = default;

const Item* OpenTransaction::next() { return reading_->next(); }
bool OpenTransaction::wait(std::stop_token stop, std::chrono::milliseconds timeout) const {
  return reading_->wait(std::move(stop), timeout);
}
std::shared_ptr<const void> OpenTransaction::current_block() const { return reading_->block(); }

}  // namespace pgmirror::queue

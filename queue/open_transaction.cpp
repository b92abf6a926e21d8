#include "queue/open_transaction.hpp"

#include "queue/damage.hpp"
#include "queue/record_stream.hpp"

namespace pgmirror::queue {

class OpenTransaction::Reading {
 public:
  Reading(std::shared_ptr<const SegmentCatalog> catalog, const GrowingTransaction& growing)
      : catalog_(std::move(catalog)), abandonments_(growing.abandonments), stream_(catalog_, Reach::written) {
    surviving_cuts([&] {
      stream_.go_to(growing.began.segment);
      stream_.load_through(growing.began.offset);
      check_abandoned();
      go_behind_begin();
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
    return catalog_->wait_for_growth({stream_.walk().header().sequence, stream_.walk().place().offset}, abandonments_,
                                     std::move(stop), timeout);
  }

  std::shared_ptr<const void> block() const { return stream_.block(); }

 private:
  /// What is cut off while it is read looks damaged.
  template <typename Work>
  void surviving_cuts(Work work) {
    try {
      work();
    } catch (const wire::Malformed& malformed) {
      check_abandoned();
      throw Damage(stream_.walk().path(), stream_.block_start(), malformed.what());
    } catch (const std::runtime_error&) {
      check_abandoned();
      throw;
    }
  }

  void check_abandoned() const {
    if (catalog_->abandonments() == abandonments_) return;
    throw TransactionAbandoned("the transaction was taken back while it was read");
  }

  void go_behind_begin() {
    RecordReader& records = stream_.records();
    while (records.offset() <= stream_.block()->header.last_begin) records.skip();
  }

  bool load() {
    const bool loaded = stream_.load();
    check_abandoned();
    return loaded;
  }

  const Item* next_written() {
    for (;;) {
      if (stream_.records().at_end() && !load()) return nullptr;
      if (const Item* item = stream_.records().next()) return item;
    }
  }

  std::shared_ptr<const SegmentCatalog> catalog_;
  const std::uint64_t abandonments_;
  RecordStream stream_;
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

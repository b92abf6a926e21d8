#include "queue/change_queue.hpp"

#include <algorithm>

#include "queue/local_file_system.hpp"
#include "queue/queue_writer.hpp"
#include "queue/segment_catalog.hpp"

namespace pgmirror::queue {
namespace {

constexpr std::uint64_t smallest_budget = std::uint64_t{64} << 10U;
constexpr std::uint64_t segments_in_budget = 8;

std::unique_ptr<File> take_lock(FileSystem& files, const Options& options) {
  if (options.disk_budget_bytes < smallest_budget) {
    throw std::invalid_argument("queue: a disk budget of less than 64 KiB cannot hold anything; give it more");
  }
  files.create_directory(options.directory);
  std::string holder;
  auto lock = files.lock(options.directory / "lock", holder);
  if (lock) return lock;
  throw QueueRefused("queue \"" + options.directory.string() + "\": another pgmirror (process " + holder +
                     ") uses it; stop that one, or choose another MIRROR_STATE_DIR");
}

std::uint64_t segment_bytes(const Options& options) {
  return std::min(options.segment_bytes, options.disk_budget_bytes / segments_in_budget);
}

}  // namespace

ChangeQueue::ChangeQueue(Options options) : ChangeQueue(std::move(options), std::make_shared<LocalFileSystem>()) {}

ChangeQueue::ChangeQueue(Options options, std::shared_ptr<FileSystem> files)
    : options_(std::move(options)), files_(std::move(files)), lock_(take_lock(*files_, options_)) {
  auto recovered = recover(*files_, options_, segment_bytes(options_));
  recovery_ = recovered.recovery;
  catalog_ =
      std::make_shared<SegmentCatalog>(files_, options_.directory, options_.disk_budget_bytes, options_.retention);
  for (const auto& segment : recovered.segments) catalog_->add(segment);
  catalog_->start_at(recovered.tail.commits, {recovered.newest.sequence, recovered.tail.end.offset});
  writer_ = std::make_unique<QueueWriter>(options_, segment_bytes(options_), *files_, *catalog_, recovered);
}

ChangeQueue::~ChangeQueue() = default;

void ChangeQueue::begin() { writer_->begin(); }
void ChangeQueue::row(const change::RowChange& change) { writer_->row(change); }
void ChangeQueue::schema(const change::SchemaChange& change) { writer_->schema(change); }
void ChangeQueue::truncate(const change::Truncation& change) { writer_->truncate(change); }
void ChangeQueue::gap(const change::ContentGap& gap) { writer_->gap(gap); }
void ChangeQueue::statement(const change::SchemaStatement& statement) { writer_->statement(statement); }
void ChangeQueue::sequence(const change::SequenceValue& value) { writer_->sequence(value); }
void ChangeQueue::commit(const change::Commit& commit) { writer_->commit(commit); }
void ChangeQueue::rollback() { writer_->rollback(); }
void ChangeQueue::sync() { writer_->sync(); }
void ChangeQueue::before_commits_are_written(const std::function<void()>& prepare) {
  writer_->before_commits_are_written(prepare);
}

void ChangeQueue::release(change::Position up_to) { catalog_->release(up_to); }
void ChangeQueue::interrupt() { catalog_->interrupt(); }
Usage ChangeQueue::usage() const { return catalog_->usage(); }

}  // namespace pgmirror::queue

#include "tests/unit/queue/forgetful_disk.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <set>

namespace pgmirror::queue::testing {
namespace {

constexpr std::size_t sector = 512;

[[noreturn]] void fail(std::errc code) { throw std::system_error(std::make_error_code(code), "forgetful disk"); }

void put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

struct ForgetfulDisk::Inode {
  struct Change {
    bool truncation;
    std::uint64_t offset;  // a truncation's size
    std::string bytes;
  };
  std::string content;
  std::string durable;
  std::vector<Change> unsynced;

  void write(std::uint64_t offset, std::string_view bytes) {
    put(content, offset, bytes);
    unsynced.push_back({false, offset, std::string(bytes)});
  }
  void truncate(std::uint64_t size) {
    content.resize(size, '\0');
    unsynced.push_back({true, size, {}});
  }
  std::string unsynced_kinds() const {
    const bool truncated = std::ranges::any_of(unsynced, &Change::truncation);
    const bool written = !std::ranges::all_of(unsynced, &Change::truncation);
    if (!truncated && !written) return "nothing";
    return std::string(durable.empty() ? "new file:" : "file:") + (written ? " write" : "") +
           (truncated ? " truncate" : "");
  }
};

struct ForgetfulDisk::NameChange {
  std::string removed;
  std::string added;
  std::shared_ptr<Inode> inode;

  void apply(Names& names) const {
    if (!removed.empty()) names.erase(removed);
    if (!added.empty()) names[added] = inode;
  }
};

struct ForgetfulDisk::State {
  mutable std::mutex mutex;
  Names names;
  Names durable_names;
  std::vector<NameChange> unsynced_names;
  std::set<std::string> locked;
  std::map<std::uint64_t, Fault> faults;
  std::set<std::uint64_t> skipped_syncs;
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t operations = 0;
  std::uint64_t bytes_read = 0;
  std::vector<Sync> syncs;
  std::string label;
  bool power_cut = false;

  std::shared_ptr<Inode> find(const std::filesystem::path& path) const {
    const auto found = names.find(path.string());
    if (found == names.end()) fail(std::errc::no_such_file_or_directory);
    return found->second;
  }

  void check_power() const {
    if (power_cut) throw PowerCut{};
  }

  // Counts an operation; a fault that it is due for and that the caller must act out is returned.
  std::optional<Fault> count() {
    check_power();
    const auto due = faults.find(++operations);
    if (due == faults.end()) return std::nullopt;
    return due->second;
  }

  void act_out(const std::optional<Fault>& fault) {
    if (!fault) return;
    if (*fault == Fault::io_error) fail(std::errc::io_error);
    if (*fault != Fault::power_cut) fail(std::errc::no_space_on_device);
    power_cut = true;
    throw PowerCut{};
  }

  void act_out_sync(const std::optional<Fault>& fault) {
    if (!fault) return;
    if (*fault == Fault::power_cut) act_out(fault);
    throw FsyncError(std::make_error_code(std::errc::io_error), "forgetful disk");
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, inode] : names) bytes += inode->content.size();
    return bytes;
  }

  std::string unsynced_name_kinds() const {
    if (unsynced_names.empty()) return "nothing";
    const auto& last = unsynced_names.back();
    return last.added.empty() ? "directory: remove" : "directory: rename";
  }

  void change_names(NameChange change) {
    change.apply(names);
    unsynced_names.push_back(std::move(change));
  }
};

class ForgetfulDisk::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<State> state, std::shared_ptr<Inode> inode)
      : state_(std::move(state)), inode_(std::move(inode)) {}

  std::size_t read(std::uint64_t offset, std::span<char> out) const override {
    const std::lock_guard lock(state_->mutex);
    state_->check_power();
    if (offset >= inode_->content.size()) return 0;
    const auto bytes = inode_->content.copy(out.data(), out.size(), offset);
    state_->bytes_read += bytes;
    return bytes;
  }

  void write(std::uint64_t offset, std::span<const char> bytes) override {
    const std::lock_guard lock(state_->mutex);
    const auto fault = state_->count();
    const std::string_view text{bytes.data(), bytes.size()};
    if (fault == Fault::half_write || fault == Fault::power_cut) inode_->write(offset, text.substr(0, text.size() / 2));
    state_->act_out(fault);
    const auto size = inode_->content.size();
    const auto grown = std::max<std::uint64_t>(size, offset + bytes.size()) - size;
    if (state_->used() + grown > state_->capacity) {
      const auto fits = state_->capacity - std::min(state_->capacity, state_->used());
      inode_->write(offset, text.substr(0, size - std::min(size, offset) + fits));
      fail(std::errc::no_space_on_device);
    }
    inode_->write(offset, text);
  }

  void truncate(std::uint64_t size) override {
    const std::lock_guard lock(state_->mutex);
    state_->act_out(state_->count());
    inode_->truncate(size);
  }

  std::uint64_t size() const override {
    const std::lock_guard lock(state_->mutex);
    state_->check_power();
    return inode_->content.size();
  }

  void sync() override {
    const std::lock_guard lock(state_->mutex);
    state_->act_out_sync(state_->count());
    state_->syncs.push_back({state_->label + inode_->unsynced_kinds(), state_->operations});
    if (state_->skipped_syncs.contains(state_->syncs.size())) return;
    inode_->durable = inode_->content;
    inode_->unsynced.clear();
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
};

class ForgetfulDisk::Lock final : public File {
 public:
  Lock(std::shared_ptr<State> state, std::string path) : state_(std::move(state)), path_(std::move(path)) {}
  ~Lock() override {
    const std::lock_guard lock(state_->mutex);
    state_->locked.erase(path_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  std::size_t read(std::uint64_t, std::span<char>) const override { return 0; }
  void write(std::uint64_t, std::span<const char>) override {}
  void truncate(std::uint64_t) override {}
  std::uint64_t size() const override { return 0; }
  void sync() override {}

 private:
  std::shared_ptr<State> state_;
  std::string path_;
};

ForgetfulDisk::ForgetfulDisk() : state_(std::make_shared<State>()) {}
ForgetfulDisk::~ForgetfulDisk() = default;

void ForgetfulDisk::fail_operation(std::uint64_t number, Fault fault) { state_->faults[number] = fault; }
void ForgetfulDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}
void ForgetfulDisk::skip_sync(std::uint64_t number) { state_->skipped_syncs.insert(number); }
void ForgetfulDisk::cut_power() {
  const std::lock_guard lock(state_->mutex);
  state_->power_cut = true;
}
void ForgetfulDisk::label_syncs(std::string label) { state_->label = std::move(label); }
std::uint64_t ForgetfulDisk::operations() const { return state_->operations; }
std::uint64_t ForgetfulDisk::bytes_read() const { return state_->bytes_read; }

const std::vector<ForgetfulDisk::Sync>& ForgetfulDisk::syncs() const { return state_->syncs; }

std::shared_ptr<ForgetfulDisk> ForgetfulDisk::after_power_cut(Survival survival, std::mt19937_64& chance) const {
  const auto kept = [&chance] { return chance() % 2 == 0; };
  Names names =
      survival == Survival::synced_only || survival == Survival::any_part ? state_->durable_names : state_->names;
  if (survival == Survival::any_part) {
    for (const auto& change : state_->unsynced_names) {
      if (kept()) change.apply(names);
    }
  }
  auto disk = std::make_shared<ForgetfulDisk>();
  for (const auto& [name, inode] : names) {
    std::string content =
        survival == Survival::synced_only || survival == Survival::any_part ? inode->durable : inode->content;
    if (survival == Survival::any_part) {
      for (const auto& change : inode->unsynced) {
        if (change.truncation) {
          if (kept()) content.resize(change.offset, '\0');
          continue;
        }
        for (std::size_t done = 0; done < change.bytes.size();) {
          const auto offset = change.offset + done;
          const auto size = std::min(change.bytes.size() - done, sector - offset % sector);
          if (kept()) put(content, offset, std::string_view(change.bytes).substr(done, size));
          done += size;
        }
      }
    }
    if (survival == Survival::torn_last && !inode->unsynced.empty() && !inode->unsynced.back().truncation) {
      const auto& last = inode->unsynced.back();
      const auto from = last.offset + last.bytes.size() / 2;
      std::fill(content.begin() + static_cast<std::ptrdiff_t>(from),
                content.begin() + static_cast<std::ptrdiff_t>(last.offset + last.bytes.size()), '\0');
    }
    // A file grows only by what was never synced, so nothing of a sealed and synced segment comes behind its end.
    if (survival == Survival::zeros_behind && !inode->unsynced.empty()) content.append(700, '\0');
    if (survival == Survival::garbage_behind && !inode->unsynced.empty()) {
      for (int i = 0; i < 700; ++i) content.push_back(static_cast<char>(chance()));
    }
    disk->set_content(name, content);
  }
  return disk;
}

std::string ForgetfulDisk::content(const std::filesystem::path& path) const { return state_->find(path)->content; }

void ForgetfulDisk::set_content(const std::filesystem::path& path, const std::string& content) {
  auto inode = std::make_shared<Inode>();
  inode->content = inode->durable = content;
  state_->names[path.string()] = state_->durable_names[path.string()] = inode;
}

void ForgetfulDisk::create_directory(const std::filesystem::path&) { state_->check_power(); }

std::unique_ptr<File> ForgetfulDisk::create(const std::filesystem::path& path) {
  const std::lock_guard lock(state_->mutex);
  state_->act_out(state_->count());
  if (const auto found = state_->names.find(path.string()); found != state_->names.end()) {
    found->second->truncate(0);
    return std::make_unique<OpenFile>(state_, found->second);
  }
  auto inode = std::make_shared<Inode>();
  state_->change_names({{}, path.string(), inode});
  return std::make_unique<OpenFile>(state_, inode);
}

std::unique_ptr<File> ForgetfulDisk::open_for_write(const std::filesystem::path& path) {
  const std::lock_guard lock(state_->mutex);
  state_->check_power();
  return std::make_unique<OpenFile>(state_, state_->find(path));
}

std::unique_ptr<File> ForgetfulDisk::open_for_read(const std::filesystem::path& path) const {
  const std::lock_guard lock(state_->mutex);
  state_->check_power();
  return std::make_unique<OpenFile>(state_, state_->find(path));
}

void ForgetfulDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::lock_guard lock(state_->mutex);
  state_->act_out(state_->count());
  state_->change_names({from.string(), to.string(), state_->find(from)});
}

void ForgetfulDisk::remove(const std::filesystem::path& path) {
  const std::lock_guard lock(state_->mutex);
  state_->act_out(state_->count());
  state_->find(path);
  state_->change_names({path.string(), {}, nullptr});
}

bool ForgetfulDisk::exists(const std::filesystem::path& path) const {
  const std::lock_guard lock(state_->mutex);
  return state_->names.contains(path.string());
}

std::vector<std::string> ForgetfulDisk::list(const std::filesystem::path& directory) const {
  const std::lock_guard lock(state_->mutex);
  state_->check_power();
  std::vector<std::string> found;
  for (const auto& [name, inode] : state_->names) {
    const std::filesystem::path path(name);
    if (path.parent_path() == directory) found.push_back(path.filename().string());
  }
  return found;
}

void ForgetfulDisk::sync_directory(const std::filesystem::path&) {
  const std::lock_guard lock(state_->mutex);
  state_->act_out_sync(state_->count());
  state_->syncs.push_back({state_->label + state_->unsynced_name_kinds(), state_->operations});
  if (state_->skipped_syncs.contains(state_->syncs.size())) return;
  state_->durable_names = state_->names;
  state_->unsynced_names.clear();
}

std::unique_ptr<File> ForgetfulDisk::lock(const std::filesystem::path& path, std::string& holder) {
  const std::lock_guard lock(state_->mutex);
  state_->check_power();
  if (!state_->locked.insert(path.string()).second) {
    holder = "another test";
    return nullptr;
  }
  return std::make_unique<Lock>(state_, path.string());
}

bool ForgetfulDisk::is_locked(const std::filesystem::path& path) const {
  const std::lock_guard lock(state_->mutex);
  return state_->locked.contains(path.string());
}

}  // namespace pgmirror::queue::testing

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "queue/file.hpp"

namespace pgmirror::queue::testing {

/// Thrown by every operation from the moment the power is cut.
struct PowerCut {};

enum class Fault {
  io_error,
  no_space,
  half_write,  ///< the first half of a write arrives, then there is no space; other operations: no space
  power_cut,
};

/// What a disk shows after the power was cut.
enum class Survival {
  synced_only,   ///< everything that was not synced is gone
  everything,    ///< as if the process had merely been killed
  any_part,      ///< each unsynced change of names, and each unsynced sector of 512 bytes, by chance
  torn_last,     ///< everything but the second half of the last write
  zeros_behind,  ///< everything, and zeros behind each file
  garbage_behind,
};
inline constexpr std::array all_survivals{Survival::synced_only, Survival::everything,   Survival::any_part,
                                          Survival::torn_last,   Survival::zeros_behind, Survival::garbage_behind};

/// A disk in memory that knows what was synced, fails when told to, and forgets when the power is cut.
///
/// Operations that change something are counted from 1. One directory level; names are whole paths.
class ForgetfulDisk final : public FileSystem {
 public:
  ForgetfulDisk();
  ~ForgetfulDisk() override;

  void fail_operation(std::uint64_t number, Fault fault);
  /// From now on, writes that need more than this throw "no space"; files may shrink.
  void set_capacity(std::uint64_t bytes);
  /// The sync with this number (files and directories together, from 1) claims success and does nothing.
  void skip_sync(std::uint64_t number);
  void cut_power();

  /// Put before the kinds of syncs from now on.
  void label_syncs(std::string label);

  std::uint64_t operations() const;
  std::uint64_t bytes_read() const;
  /// What each sync so far had to make durable, in order: "new file: write", "directory: rename", "nothing", ...
  struct Sync {
    std::string kind;
    std::uint64_t operation;
  };
  const std::vector<Sync>& syncs() const;

  /// The disk as a new start would find it; `chance` decides where Survival leaves a choice.
  std::shared_ptr<ForgetfulDisk> after_power_cut(Survival survival, std::mt19937_64& chance) const;

  std::string content(const std::filesystem::path& path) const;
  void set_content(const std::filesystem::path& path, const std::string& content);  ///< durable at once

  void create_directory(const std::filesystem::path& directory) override;
  std::unique_ptr<File> create(const std::filesystem::path& path) override;
  std::unique_ptr<File> open_for_write(const std::filesystem::path& path) override;
  std::unique_ptr<File> open_for_read(const std::filesystem::path& path) const override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  bool exists(const std::filesystem::path& path) const override;
  std::vector<std::string> list(const std::filesystem::path& directory) const override;
  void sync_directory(const std::filesystem::path& directory) override;
  std::unique_ptr<File> lock(const std::filesystem::path& path, std::string& holder) override;
  bool is_locked(const std::filesystem::path& path) const override;

 private:
  struct Inode;
  struct NameChange;
  struct State;
  class OpenFile;
  class Lock;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  std::shared_ptr<State> state_;
};

}  // namespace pgmirror::queue::testing

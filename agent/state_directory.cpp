#include "agent/state_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <system_error>

namespace pgmirror::agent {

namespace fs = std::filesystem;

namespace {

constexpr const char* start_over_order = "start_over";

}  // namespace

void prepare_state_directory(const fs::path& directory) {
  std::error_code error;
  const bool existed = fs::exists(directory, error);
  if (!existed) fs::create_directories(directory, error);
  if (error || !fs::is_directory(directory)) {
    throw std::runtime_error(
        fmt::format("state directory {}: cannot be made ({}); set MIRROR_STATE_DIR to a directory "
                    "that this user may write",
                    directory.string(), error ? error.message() : "not a directory"));
  }
  if (!existed) fs::permissions(directory, fs::perms::owner_all, error);
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0 || access(directory.c_str(), W_OK | X_OK) != 0) {
    throw std::runtime_error(
        fmt::format("state directory {}: this user may not write there; change its owner or set "
                    "MIRROR_STATE_DIR",
                    directory.string()));
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    throw std::runtime_error(fmt::format("state directory {}: everybody may write there; run chmod 700 {}",
                                         directory.string(), directory.string()));
  }
  if (fs::create_directory(shadow_directory(directory))) {
    fs::permissions(shadow_directory(directory), fs::perms::owner_all);
  }
}

fs::path queue_directory(const fs::path& state_directory) { return state_directory / "queue"; }
fs::path shadow_directory(const fs::path& state_directory) { return state_directory / "shadow"; }
fs::path control_socket(const fs::path& state_directory) { return state_directory / "control"; }

void order_start_over(const fs::path& state_directory) {
  const fs::path order = state_directory / start_over_order;
  const int file = open(order.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  const int directory = open(state_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool durable = file >= 0 && directory >= 0 && fsync(file) == 0 && fsync(directory) == 0;
  const std::string reason = std::error_code(errno, std::generic_category()).message();
  if (file >= 0) close(file);
  if (directory >= 0) close(directory);
  if (!durable) {
    throw std::runtime_error(
        fmt::format("state directory {}: cannot be written: {}", state_directory.string(), reason));
  }
}

bool start_over_ordered(const fs::path& state_directory) { return fs::exists(state_directory / start_over_order); }
void forget_start_over(const fs::path& state_directory) { fs::remove(state_directory / start_over_order); }

fs::path orders_file(const fs::path& state_directory, const std::string& mirror) {
  // A mirror may have any name, a file may not.
  std::string name = "orders-";
  for (const char c : mirror) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return state_directory / name;
}

bool has_queue(const fs::path& queue_directory) {
  if (!fs::exists(queue_directory)) return false;
  return std::ranges::any_of(fs::directory_iterator(queue_directory),
                             [](const auto& entry) { return entry.path().extension() == ".segment"; });
}

}  // namespace pgmirror::agent

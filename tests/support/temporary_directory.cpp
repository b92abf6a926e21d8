#include "tests/support/temporary_directory.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <charconv>
#include <system_error>

namespace pgmirror::tests {
namespace {

constexpr std::string_view prefix = "pgmirror-test-";

void remove_those_of_dead_processes() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/tmp", ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    pid_t owner = 0;
    const auto parsed = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), owner);
    if (parsed.ec != std::errc{} || std::filesystem::exists("/proc/" + std::to_string(owner), ignored)) continue;
    // Another test may be removing the same one, or it may be another user's.
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

std::filesystem::path make_directory() {
  [[maybe_unused]] static const bool swept = (remove_those_of_dead_processes(), true);
  std::string name = "/tmp/" + std::string(prefix) + std::to_string(::getpid()) + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  return name;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() : path_(make_directory()) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pgmirror::tests

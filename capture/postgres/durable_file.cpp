#include "capture/postgres/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace pgmirror::capture::postgres {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

void sync(const std::filesystem::path& file, int flags) {
  const int descriptor = ::open(file.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) fail(file);
  const bool synced = ::fsync(descriptor) == 0;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  if (!synced) fail(file);
}

}  // namespace

void replace_file(const std::filesystem::path& file, std::string_view bytes) {
  const std::filesystem::path unfinished = file.string() + ".new";
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) fail(unfinished);
  ::close(descriptor);
  std::ofstream output(unfinished, std::ios::binary | std::ios::trunc);
  output << bytes;
  output.close();
  if (!output) fail(unfinished);
  sync(unfinished, O_RDONLY);
  if (::rename(unfinished.c_str(), file.c_str()) != 0) fail(file);
  sync(file.parent_path(), O_RDONLY | O_DIRECTORY);
}

std::optional<std::string> file_content(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  std::ifstream input(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << input.rdbuf();
  if (!input) fail(file);
  return bytes.str();
}

}  // namespace pgmirror::capture::postgres

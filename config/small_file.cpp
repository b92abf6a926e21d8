#include "config/small_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace pgmirror::config {
namespace {

constexpr std::size_t most_secret_bytes = std::size_t{64} << 10U;

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw std::runtime_error(fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
}

}  // namespace

std::string read_small_file(const std::filesystem::path& path, std::size_t most_bytes) {
  const Descriptor file(path);
  if (file.number() < 0) fail(path);
  std::string content;
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t count = ::read(file.number(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path);
    if (count == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(count));
    if (content.size() > most_bytes) {
      throw std::runtime_error(
          fmt::format("{} is larger than {} KiB; is it the right file", path.string(), most_bytes >> 10U));
    }
  }
}

std::string read_secret_file(const std::filesystem::path& path) {
  std::string secret = read_small_file(path, most_secret_bytes);
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) throw std::runtime_error(fmt::format("{} is empty; write the secret into it", path.string()));
  if (secret.find('\0') != std::string::npos)
    throw std::runtime_error(fmt::format("{} holds a NUL byte", path.string()));
  return secret;
}

}  // namespace pgmirror::config

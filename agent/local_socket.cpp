#include "agent/local_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace pgmirror::agent {

namespace fs = std::filesystem;

namespace {

constexpr int backlog = 16;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

int make_socket() {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) fail("local socket");
  return descriptor;
}

/// Calls `use` with the address of `path`. A path that the address cannot hold is reached through its directory's
/// descriptor.
template <typename Use>
int with_address(const fs::path& path, Use&& use) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path.string();
  if (name.size() < sizeof address.sun_path) {
    name.copy(address.sun_path, name.size());
    return use(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(sizeof address));
  }
  const Descriptor parent(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.number() < 0) return -1;
  name = fmt::format("/proc/self/fd/{}/{}", parent.number(), path.filename().string());
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  return use(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(sizeof address));
}

void remove_stale(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw LocalSocketError(fmt::format("control socket {}: something else stands there; move it away", path.string()));
  }
  ::unlink(path.c_str());
}

/// False after the deadline.
bool wait_until(int descriptor, short events, LocalSocket::Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd ready{.fd = descriptor, .events = events, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min<long>(left, 60'000)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) fail("local socket");
  }
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

LocalSocket LocalSocket::listen(const fs::path& path) {
  remove_stale(path);
  LocalSocket socket(make_socket());
  // Before bind(), which gives the file this mode: there is no moment at which others could connect.
  if (::fchmod(socket.descriptor_, S_IRUSR | S_IWUSR) != 0) fail("local socket");
  const int bound = with_address(
      path, [&](const sockaddr* address, socklen_t size) { return ::bind(socket.descriptor_, address, size); });
  if (bound != 0 || ::listen(socket.descriptor_, backlog) != 0) fail("control socket " + path.string());
  return socket;
}

LocalSocket LocalSocket::connect(const fs::path& path) {
  LocalSocket socket(make_socket());
  const int connected = with_address(
      path, [&](const sockaddr* address, socklen_t size) { return ::connect(socket.descriptor_, address, size); });
  if (connected != 0) throw LocalSocketError(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  return socket;
}

LocalSocket::~LocalSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LocalSocket::LocalSocket(LocalSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), received_(std::move(other.received_)) {}

std::optional<LocalSocket> LocalSocket::accept(const std::stop_token& stop) {
  const Descriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (stopped.number() < 0) fail("local socket");
  const std::stop_callback wake(stop, [&] { ::eventfd_write(stopped.number(), 1); });
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> ready{{{.fd = descriptor_, .events = POLLIN, .revents = 0},
                                 {.fd = stopped.number(), .events = POLLIN, .revents = 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) fail("local socket");
    if (ready[0].revents == 0) continue;
    const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) return LocalSocket(descriptor);
    if (!would_block() && errno != ECONNABORTED) fail("local socket");
  }
  return std::nullopt;
}

uid_t LocalSocket::peer_user() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) fail("local socket");
  return peer.uid;
}

std::optional<std::string> LocalSocket::read_line(std::size_t most_bytes, Deadline deadline) {
  for (std::size_t searched = 0;;) {
    if (const std::size_t end = received_.find('\n', searched); end != std::string::npos && end <= most_bytes) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    searched = received_.size();
    if (searched > most_bytes) throw LocalSocketError(fmt::format("line is longer than {} bytes", most_bytes));
    if (!wait_until(descriptor_, POLLIN, deadline)) throw LocalSocketError("no answer in time");
    std::array<char, 16 << 10> chunk;
    const ssize_t count = ::read(descriptor_, chunk.data(), chunk.size());
    if (count == 0) return std::nullopt;
    if (count > 0) received_.append(chunk.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno == ECONNRESET) return std::nullopt;
    if (count < 0 && !would_block()) fail("local socket");
  }
}

void LocalSocket::write_line(std::string_view line, Deadline deadline) {
  std::string text(line);
  text += '\n';
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      throw LocalSocketError("the other side has hung up");
    } else if (!would_block()) {
      fail("local socket");
    } else if (!wait_until(descriptor_, POLLOUT, deadline)) {
      throw LocalSocketError("the other side does not read");
    }
  }
}

bool LocalSocket::peer_is_gone() const {
  pollfd state{.fd = descriptor_, .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace pgmirror::agent

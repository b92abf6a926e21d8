#include "capture/postgres/wake_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace pgmirror::capture::postgres {

WakeSignal::WakeSignal() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WakeSignal::~WakeSignal() { ::close(descriptor_); }

void WakeSignal::raise() {
  const std::uint64_t one = 1;
  // Fails only where the counter is full, which is raised enough.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void WakeSignal::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(descriptor_, &count, sizeof count);
}

}  // namespace pgmirror::capture::postgres

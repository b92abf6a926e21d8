#include "tests/support/process_memory.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t sanitizer_factor = 8;
#elif defined(__SANITIZE_THREAD__)
constexpr std::int64_t sanitizer_factor = 4;
#else
constexpr std::int64_t sanitizer_factor = 1;
#endif

}  // namespace

std::int64_t peak_memory() {
  const std::string status = file_text("/proc/self/status");
  const std::string_view field = "VmHWM:";
  return std::stoll(status.substr(status.find(field) + field.size())) / 1024 / sanitizer_factor;
}

void forget_peak_memory() {
  std::FILE* const file = std::fopen("/proc/self/clear_refs", "w");
  if (file == nullptr) throw std::runtime_error("/proc/self/clear_refs does not open");
  std::fputs("5", file);
  std::fclose(file);
}

}  // namespace pgmirror::tests

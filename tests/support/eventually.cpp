#include "tests/support/eventually.hpp"

#include <poll.h>

namespace pgmirror::tests {

void let_time_pass(std::chrono::milliseconds pause) { ::poll(nullptr, 0, static_cast<int>(pause.count())); }

}  // namespace pgmirror::tests

#pragma once

#include <cstdint>

namespace pgmirror::tests {

/// The most memory this process has held, in MiB, since it began or forget_peak_memory() was called. A sanitizer's own
/// memory is taken out by a rule of thumb, so that one limit holds in each build.
std::int64_t peak_memory();
void forget_peak_memory();

}  // namespace pgmirror::tests

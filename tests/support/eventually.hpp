#pragma once

#include <chrono>

namespace pgmirror::tests {

/// Blocks for `pause`. The only way in which tests let time pass; never a way to order two events.
void let_time_pass(std::chrono::milliseconds pause);

/// Asks `predicate` again and again until it answers true or `deadline` has passed, and returns the last answer.
///
/// The answer may be a bool or a testing::AssertionResult, so that
/// `EXPECT_TRUE(eventually(30s, [&] { return same_content(...); }))` prints what still differs. The predicate is always
/// asked at least once, and once more after the deadline.
template <typename Predicate>
auto eventually(std::chrono::milliseconds deadline, Predicate predicate) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  auto pause = std::chrono::milliseconds{2};
  for (;;) {
    const bool last = std::chrono::steady_clock::now() >= end;
    auto answer = predicate();
    if (static_cast<bool>(answer) || last) return answer;
    let_time_pass(pause);
    if (pause < std::chrono::milliseconds{100}) pause *= 2;
  }
}

}  // namespace pgmirror::tests

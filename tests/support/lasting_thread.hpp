#pragma once

#include <functional>

namespace pgmirror::tests {

/// Runs `task` on a thread that lives as long as the process, and waits for its end.
///
/// Linux sends PR_SET_PDEATHSIG when the *thread* that forked ends; children that shall die with the process, and not
/// earlier, are forked here. Exceptions of the task come out.
void on_lasting_thread(const std::function<void()>& task);

}  // namespace pgmirror::tests

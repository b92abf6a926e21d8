#pragma once

#include <filesystem>

namespace pgmirror::agent {

/// Makes the state directory, for its owner alone (0700), and refuses one that others may write. Throws
/// std::runtime_error with the remedy.
void prepare_state_directory(const std::filesystem::path& directory);

std::filesystem::path queue_directory(const std::filesystem::path& state_directory);
std::filesystem::path shadow_directory(const std::filesystem::path& state_directory);
std::filesystem::path control_socket(const std::filesystem::path& state_directory);

/// Leaves the order that the next agent replaces the content of its mirrors. Durable on return.
void order_start_over(const std::filesystem::path& state_directory);
/// Whether that was ordered; the order is gone then.
bool take_start_over(const std::filesystem::path& state_directory);

}  // namespace pgmirror::agent

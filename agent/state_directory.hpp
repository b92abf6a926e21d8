#pragma once

#include <filesystem>
#include <string>

namespace pgmirror::agent {

/// Makes the state directory, for its owner alone (0700), and refuses one that others may write. Throws
/// std::runtime_error with the remedy.
void prepare_state_directory(const std::filesystem::path& directory);

std::filesystem::path queue_directory(const std::filesystem::path& state_directory);
std::filesystem::path shadow_directory(const std::filesystem::path& state_directory);
std::filesystem::path control_socket(const std::filesystem::path& state_directory);

/// Leaves the order that the next agent replaces the content of its mirrors. Durable on return.
void order_start_over(const std::filesystem::path& state_directory);
bool start_over_ordered(const std::filesystem::path& state_directory);
void forget_start_over(const std::filesystem::path& state_directory);
/// Where the orders given to one mirror are noted.
std::filesystem::path orders_file(const std::filesystem::path& state_directory, const std::string& mirror);

/// Whether there is anything of a queue in its directory; not where the agent was killed while it made the queue.
bool has_queue(const std::filesystem::path& queue_directory);

}  // namespace pgmirror::agent

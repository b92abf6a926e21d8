#pragma once

#include <string>
#include <vector>

#include "tests/scenario/postgres_source/followed_server.hpp"

namespace pgmirror::tests {

using Lines = std::vector<std::string>;

/// Many small steps where a server would be asked for one.
inline constexpr capture::postgres::BacklogPace small_steps{
    .near = 8 << 10, .first = 1000, .most = 4000, .worth = 1 << 30, .least = 0};
/// Each backlog is read in one go, which takes a while.
inline constexpr capture::postgres::BacklogPace one_step{.near = 8 << 10, .first = 1 << 30, .most = 1 << 30};

/// A transaction each, in table `t`.
std::string single_rows(int first, int last);
/// How TransactionLog has them.
Lines inserts(int first, int last);

/// A table `t` that is followed, and an agent that is away.
void leave(FollowedServer& followed);
/// Whether the server is asked for a backlog by SQL at the moment.
bool reads_backlog(FollowedServer& followed);

}  // namespace pgmirror::tests

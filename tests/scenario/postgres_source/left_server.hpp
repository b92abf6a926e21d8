#pragma once

#include <string>
#include <vector>

#include "tests/scenario/postgres_source/followed_server.hpp"

namespace pgmirror::tests {

using Lines = std::vector<std::string>;

/// Many small steps where a server would be asked for one.
inline constexpr capture::postgres::BacklogPace small_steps{
    .near = 8 << 10, .first = 1000, .most = 4000, .worth = 1 << 30, .least = 0};
/// Two readers meet again and again.
inline constexpr capture::postgres::BacklogPace two_readers{.near = 8 << 10,
                                                            .first = 100,
                                                            .most = 1000,
                                                            .worth = 1 << 30,
                                                            .least = 0,
                                                            .worth_two = 16 << 10,
                                                            .most_for_two = 64 << 10};
/// Two readers, each in one go, after a short look.
inline constexpr capture::postgres::BacklogPace two_parts{
    .near = 8 << 10, .probe = 8 << 10, .most = 1 << 30, .least = 0, .worth_two = 64 << 10};
/// Each backlog is read in one go, which takes a while.
inline constexpr capture::postgres::BacklogPace one_step{.near = 8 << 10, .first = 1 << 30, .most = 1 << 30};

/// A transaction each, in table `t`.
std::string single_rows(int first, int last);
/// How TransactionLog has them.
Lines inserts(int first, int last);

/// A table `t` that is followed, and an agent that is away.
void leave(FollowedServer& followed);
/// How many ask the server for a backlog by SQL at the moment.
int backlog_readers(FollowedServer& followed);
bool reads_backlog(FollowedServer& followed);

}  // namespace pgmirror::tests

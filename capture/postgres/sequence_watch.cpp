#include "capture/postgres/sequence_watch.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres {
namespace {

__extension__ using Wide = __int128;

bool used_up(const SequenceState& state, std::int64_t told) {
  const Wide left = (static_cast<Wide>(told) - *state.last_value) / state.increment;
  return left < sequence_margin / 2;
}

}  // namespace

change::SequenceValue ahead_of(const SequenceState& state, std::int64_t steps) {
  const Wide value = static_cast<Wide>(state.last_value.value_or(state.start)) +
                     static_cast<Wide>(state.increment) * std::max(steps, state.cache);
  const Wide bounded = std::clamp<Wide>(value, state.minimum, state.maximum);
  return {.schema = state.schema,
          .name = state.name,
          .value = static_cast<std::int64_t>(bounded),
          .descending = state.increment < 0};
}

std::vector<change::SequenceValue> SequenceWatch::poll(libpq::Connection& connection, const RelationCatalog& catalog) {
  std::vector<change::SequenceValue> news;
  std::vector<SequenceState> sequences = read_sequences(connection, catalog);
  read_last_values(connection, sequences);
  for (const SequenceState& state : sequences) {
    if (!state.last_value) continue;
    const auto told = told_.find({state.schema, state.name});
    if (told != told_.end() && !used_up(state, told->second)) continue;
    change::SequenceValue value = ahead_of(state, sequence_margin);
    // At its bound a sequence has nothing more to tell.
    if (told != told_.end() && told->second == value.value) continue;
    told_[{state.schema, state.name}] = value.value;
    news.push_back(std::move(value));
  }
  return news;
}

}  // namespace pgmirror::capture::postgres

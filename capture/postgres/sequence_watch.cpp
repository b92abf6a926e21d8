#include "capture/postgres/sequence_watch.hpp"

#include <algorithm>
#include <limits>

namespace pgmirror::capture::postgres {
namespace {

__extension__ using Wide = __int128;

std::int64_t steps_between(std::int64_t from, std::int64_t to, std::int64_t increment) {
  const Wide steps = (static_cast<Wide>(to) - from) / increment;
  return static_cast<std::int64_t>(
      std::clamp<Wide>(steps, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
}

std::int64_t margin_for(std::int64_t used) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 10;
  return std::max(sequence_margin, 10 * std::clamp<std::int64_t>(used, 0, most));
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
    const auto [told, is_new] =
        told_.try_emplace({state.schema, state.name}, Told{.value = 0, .seen = *state.last_value});
    const std::int64_t margin = margin_for(steps_between(told->second.seen, *state.last_value, state.increment));
    told->second.seen = *state.last_value;
    if (!is_new && steps_between(*state.last_value, told->second.value, state.increment) >= margin / 2) continue;
    change::SequenceValue value = ahead_of(state, margin);
    // At its bound a sequence has nothing more to tell.
    if (!is_new && told->second.value == value.value) continue;
    told->second.value = value.value;
    news.push_back(std::move(value));
  }
  return news;
}

}  // namespace pgmirror::capture::postgres

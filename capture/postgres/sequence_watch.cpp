#include "capture/postgres/sequence_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <string>

#include "libpq/identifier.hpp"

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

/// Of a sequence that has given no number since it was restarted: the server names no last value then.
std::optional<std::int64_t> value_before_first(libpq::Connection& connection, const SequenceState& state) {
  const std::string name = libpq::qualified(state.schema, state.name);
  const libpq::Result readable =
      connection.execute(fmt::format("SELECT pg_catalog.has_sequence_privilege({}, 'SELECT')", state.oid));
  if (!readable.boolean(0, 0)) return std::nullopt;
  return connection.execute("SELECT last_value FROM " + name).integer(0, 0);
}

change::SchemaStatement restart(const change::SequenceValue& value) {
  return {.stage = change::SchemaStatement::Stage::after_data,
          .kind = "restarted sequence",
          .schema = value.schema,
          .name = value.name,
          .sql = fmt::format("SELECT pg_catalog.setval({}::pg_catalog.regclass, {})",
                             libpq::quote_literal(libpq::qualified(value.schema, value.name)), value.value)};
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

void SequenceNews::add(SequenceNews more) {
  std::ranges::move(more.restarts, std::back_inserter(restarts));
  std::ranges::move(more.values, std::back_inserter(values));
}

void SequenceNews::write(change::TransactionWriter& writer) const {
  for (const change::SchemaStatement& restart : restarts) writer.statement(restart);
  for (const change::SequenceValue& value : values) writer.sequence(value);
}

SequenceNews SequenceWatch::poll(libpq::Connection& connection, const RelationCatalog& catalog) {
  SequenceNews news;
  std::vector<SequenceState> sequences = read_sequences(connection, catalog);
  read_last_values(connection, sequences);
  for (SequenceState& state : sequences) {
    const auto known = told_.find({state.schema, state.name});
    if (!state.last_value && known != told_.end()) state.last_value = value_before_first(connection, state);
    if (!state.last_value) continue;
    const auto [told, is_new] =
        told_.try_emplace({state.schema, state.name}, Told{.value = 0, .seen = *state.last_value});
    const std::int64_t used = steps_between(told->second.seen, *state.last_value, state.increment);
    const std::int64_t margin = margin_for(used);
    told->second.seen = *state.last_value;
    const bool set_back = used < 0;
    const bool enough = steps_between(*state.last_value, told->second.value, state.increment) >= margin / 2;
    if (!is_new && !set_back && enough) continue;
    change::SequenceValue value = ahead_of(state, margin);
    // At its bound a sequence has nothing more to tell.
    if (!is_new && told->second.value == value.value) continue;
    told->second.value = value.value;
    if (set_back) {
      news.restarts.push_back(restart(value));
    } else {
      news.values.push_back(std::move(value));
    }
  }
  return news;
}

}  // namespace pgmirror::capture::postgres

#include "capture/postgres/sequence_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <optional>
#include <string>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;
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

/// A column's own sequence may have another name in the mirror.
change::SchemaStatement restart(const change::SequenceValue& value) {
  const std::string name = libpq::quote_literal(libpq::qualified(value.schema, value.name));
  const std::string own = value.table.empty()
                              ? name + "::pg_catalog.regclass"
                              : fmt::format(
                                    "coalesce(pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass,"
                                    " pg_catalog.to_regclass({}))",
                                    libpq::quote_literal(libpq::qualified(value.schema, value.table)),
                                    libpq::quote_literal(value.column), name);
  return {.stage = change::SchemaStatement::Stage::after_data,
          .kind = "restarted sequence",
          .schema = value.schema,
          .name = value.name,
          .sql = fmt::format("SELECT pg_catalog.setval({}, {})", own, value.value)};
}

}  // namespace

change::SequenceValue ahead_of(const SequenceState& state, std::int64_t steps) {
  const Wide value = static_cast<Wide>(state.last_value.value_or(state.start)) +
                     static_cast<Wide>(state.increment) * std::max(steps, state.cache);
  const Wide bounded = std::clamp<Wide>(value, state.minimum, state.maximum);
  return {.schema = state.schema,
          .name = state.name,
          .value = static_cast<std::int64_t>(bounded),
          .descending = state.increment < 0,
          .table = state.owner_name,
          .column = state.owner_column_name};
}

void SequenceNews::add(SequenceNews more) {
  std::ranges::move(more.restarts, std::back_inserter(restarts));
  std::ranges::move(more.values, std::back_inserter(values));
  if (!more.told.empty()) told = std::move(more.told);
}

void SequenceNews::write(change::TransactionWriter& writer) const {
  for (const change::SchemaStatement& restart : restarts) writer.statement(restart);
  for (const change::SequenceValue& value : values) writer.sequence(value);
}

SequenceWatch::SequenceWatch(std::filesystem::path memory)
    : memory_(std::move(memory)), any_known_(std::filesystem::exists(memory_)), told_(recall_sequences(memory_)) {}

SequenceNews SequenceWatch::poll(libpq::Connection& connection, const RelationCatalog& catalog) {
  SequenceNews news;
  std::vector<SequenceState> sequences = read_sequences(connection, catalog);
  try {
    read_last_values(connection, sequences, 0ms);
  } catch (const libpq::DatabaseError& error) {
    // They are told far ahead: the next time is soon enough.
    if (!is_locked(error)) throw;
    return news;
  }
  ToldSequences standing;
  for (SequenceState& state : sequences) {
    const auto known = told_.find(state.oid);
    const bool is_new = known == told_.end();
    std::optional<ToldSequence>& told = standing[state.oid];
    if (!is_new) told = known->second;
    if (!state.last_value && (told || (is_new && any_known_))) {
      state.last_value = value_before_first(connection, state);
    }
    if (state.last_value) tell(state, told, is_new && any_known_, news);
  }
  any_known_ = true;
  told_ = std::move(standing);
  if (!news.empty()) news.told = told_;
  return news;
}

void SequenceWatch::tell(const SequenceState& state, std::optional<ToldSequence>& told, bool came_later,
                         SequenceNews& news) {
  const bool first = told_since_start_.insert(state.oid).second || !told;
  if (!told) told = ToldSequence{.value = 0, .seen = *state.last_value};
  const std::int64_t used = steps_between(told->seen, *state.last_value, state.increment);
  const std::int64_t margin = margin_for(used);
  const bool enough = steps_between(*state.last_value, told->value, state.increment) >= margin / 2;
  told->seen = *state.last_value;
  if (!first && used >= 0 && enough) return;
  change::SequenceValue value = ahead_of(state, margin);
  // At its bound a sequence has nothing more to tell.
  if (!first && told->value == value.value) return;
  told->value = value.value;
  if (used < 0 || came_later) {
    news.restarts.push_back(restart(value));
  } else {
    news.values.push_back(std::move(value));
  }
}

void SequenceWatch::remember(const SequenceNews& news) { keep_sequences(memory_, news.told); }

void SequenceWatch::forget() {
  std::filesystem::remove(memory_);
  any_known_ = false;
  told_.clear();
  told_since_start_.clear();
}

}  // namespace pgmirror::capture::postgres

#include "capture/postgres/column_numbers.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

namespace pgmirror::capture::postgres {
namespace {

using change::Column;

/// What the column of one attnum is called and of which type, as far as somebody knows.
struct Known {
  const Column* before = nullptr;
  const Column* later = nullptr;
  int number = 0;

  bool stood_all_the_time() const { return before != nullptr && later != nullptr; }
};

/// How unlikely it is. A column that is new since and has another name now is rather one that came and went.
constexpr int impossible = std::numeric_limits<int>::max() / 2;
constexpr int not_there = 1;
constexpr int other_type = 2;
constexpr int other_name = 2;
constexpr int came_and_went = 3;
constexpr int new_and_renamed = 5;

int unlikeliness(const Column& column, const Known& known) {
  const auto either = [&](auto same) {
    return (known.before != nullptr && same(*known.before)) || (known.later != nullptr && same(*known.later));
  };
  int cost = 0;
  if (!either([&](const Column& one) { return one.name == column.name; }))
    cost += known.before == nullptr ? new_and_renamed : other_name;
  if (!either([&](const Column& one) { return one.declared_type == column.declared_type; })) cost += other_type;
  return cost;
}

/// The likeliest way to give the columns of a message the attnums that are known, in order.
class Alignment {
 public:
  Alignment(const std::vector<Column>& columns, std::vector<Known> known, bool all_numbered)
      : columns_(columns), known_(std::move(known)) {
    for (std::size_t at = 0; at < known_.size() && all_numbered; ++at) {
      if (known_[at].before != nullptr) first_for_new_ = at + 1;
    }
    best_.resize((columns_.size() + 1) * (known_.size() + 1) * 2);
    for (std::size_t column = columns_.size() + 1; column-- > 0;) {
      for (std::size_t at = known_.size() + 1; at-- > 0;) {
        for (const bool behind_new : {false, true}) place(column, at, behind_new) = choose(column, at, behind_new);
      }
    }
  }

  std::optional<std::vector<int>> numbers() {
    if (const Choice& first = place(0, 0, false); first.cost >= impossible || first.ways > 1) return std::nullopt;
    std::vector<int> numbers;
    bool behind_new = false;
    for (std::size_t column = 0, at = 0; column < columns_.size();) {
      const Step step = place(column, at, behind_new).step;
      behind_new = step == Step::is_new;
      if (step == Step::is_not_there) {
        ++at;
        continue;
      }
      numbers.push_back(step == Step::is_known ? known_[at++].number : 0);
      ++column;
    }
    return numbers;
  }

 private:
  enum class Step : std::uint8_t { end, is_known, is_not_there, is_new };
  struct Choice {
    int cost = impossible;
    int ways = 0;
    Step step = Step::end;
  };

  Choice& place(std::size_t column, std::size_t at, bool behind_new) {
    return best_[(column * (known_.size() + 1) + at) * 2 + (behind_new ? 1 : 0)];
  }

  /// What comes behind is chosen already. A new column behind one that is not there, and not the other way round: the
  /// two say the same.
  Choice choose(std::size_t column, std::size_t at, bool behind_new) {
    const bool more = column < columns_.size();
    const bool more_known = at < known_.size();
    if (!more && !more_known) return {.cost = 0, .ways = 1};
    Choice best;
    const auto consider = [&](int cost, const Choice& rest, Step step) {
      const int sum = std::min(impossible, cost + rest.cost);
      if (sum > best.cost || sum >= impossible) return;
      best = {.cost = sum, .ways = std::min(2, rest.ways + (sum == best.cost ? best.ways : 0)), .step = step};
    };
    if (more && more_known)
      consider(unlikeliness(columns_[column], known_[at]), place(column + 1, at + 1, false), Step::is_known);
    if (more_known && !behind_new && !known_[at].stood_all_the_time())
      consider(not_there, place(column, at + 1, false), Step::is_not_there);
    if (more && at >= first_for_new_) consider(came_and_went, place(column + 1, at, true), Step::is_new);
    return best;
  }

  const std::vector<Column>& columns_;
  const std::vector<Known> known_;
  std::size_t first_for_new_ = 0;  ///< attnums only grow
  std::vector<Choice> best_;
};

}  // namespace

std::optional<std::vector<int>> column_numbers(const change::Relation& message, const NumberedColumns& before,
                                               const NumberedColumns& later) {
  std::map<int, Known> by_number;
  bool all_numbered = true;
  for (std::size_t i = 0; before.relation && i < before.numbers.size(); ++i) {
    all_numbered = all_numbered && before.numbers[i] != 0;
    if (before.numbers[i] != 0) by_number[before.numbers[i]].before = &before.relation->columns[i];
  }
  for (std::size_t i = 0; later.relation && i < later.numbers.size(); ++i) {
    if (later.numbers[i] != 0) by_number[later.numbers[i]].later = &later.relation->columns[i];
  }
  std::vector<Known> known;
  for (auto& [number, column] : by_number) {
    column.number = number;
    known.push_back(column);
  }
  return Alignment(message.columns, std::move(known), all_numbered).numbers();
}

}  // namespace pgmirror::capture::postgres

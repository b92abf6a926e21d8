#include "capture/postgres/redefinition.hpp"

#include <algorithm>
#include <optional>

namespace pgmirror::capture::postgres {
namespace {

class ColumnPairs {
 public:
  ColumnPairs(const change::Relation& before, const std::vector<int>& before_numbers, const change::Relation& after,
              const std::vector<int>& after_numbers)
      : before_(before),
        after_(after),
        before_numbers_(before_numbers),
        after_numbers_(after_numbers),
        source_of_(after.columns.size()),
        taken_(before.columns.size()) {
    pair_by_number();
    pair_by_name();
    pair_by_place();
    doubt_the_rest();
  }

  bool certain() const { return certain_; }
  std::vector<std::pair<std::string, std::string>> renamed() const {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t to = 0; to < source_of_.size(); ++to) {
      if (!source_of_[to]) continue;
      const std::string& old_name = before_.columns[*source_of_[to]].name;
      if (old_name != after_.columns[to].name) pairs.emplace_back(old_name, after_.columns[to].name);
    }
    return pairs;
  }

 private:
  void pair(std::size_t from, std::size_t to) {
    source_of_[to] = from;
    taken_[from] = true;
  }

  void pair_by_number() {
    for (std::size_t to = 0; to < source_of_.size(); ++to) {
      if (after_numbers_[to] == 0) continue;
      const auto at = std::ranges::find(before_numbers_, after_numbers_[to]);
      if (at != before_numbers_.end()) pair(static_cast<std::size_t>(at - before_numbers_.begin()), to);
    }
  }

  void pair_by_name() {
    for (std::size_t to = 0; to < source_of_.size(); ++to) {
      if (source_of_[to]) continue;
      const std::optional<std::size_t> from = before_.column_position(after_.columns[to].name);
      if (!from || taken_[*from]) continue;
      if (before_numbers_[*from] != 0 && after_numbers_[to] != 0) {
        certain_ = false;
      } else {
        pair(*from, to);
      }
    }
  }

  /// New columns come last, so another name at a place before the last can only be a rename.
  void pair_by_place() {
    const std::size_t common = std::min(before_.columns.size(), after_.columns.size());
    for (std::size_t place = 0; place < common; ++place) {
      if (source_of_[place] || taken_[place]) continue;
      if (before_numbers_[place] != 0 && after_numbers_[place] != 0) continue;
      if (before_.columns[place].declared_type != after_.columns[place].declared_type) continue;
      pair(place, place);
      if (place + 1 == before_.columns.size()) certain_ = false;
    }
  }

  /// Where columns before it are gone, one that was renamed stands at another place.
  void doubt_the_rest() {
    for (std::size_t to = 0; to < source_of_.size(); ++to) {
      for (std::size_t from = 0; from < taken_.size() && !source_of_[to]; ++from) {
        if (taken_[from] || (before_numbers_[from] != 0 && after_numbers_[to] != 0)) continue;
        if (before_.columns[from].declared_type == after_.columns[to].declared_type) certain_ = false;
      }
    }
  }

  const change::Relation& before_;
  const change::Relation& after_;
  const std::vector<int>& before_numbers_;
  const std::vector<int>& after_numbers_;
  std::vector<std::optional<std::size_t>> source_of_;
  std::vector<bool> taken_;
  bool certain_ = true;
};

}  // namespace

Redefinition redefinition(const change::RelationPtr& before, const std::vector<int>& before_numbers,
                          const change::RelationPtr& after, const std::vector<int>& after_numbers) {
  const ColumnPairs pairs(*before, before_numbers, *after, after_numbers);
  return {.change = {.before = before, .after = after, .renamed_columns = pairs.renamed()}, .certain = pairs.certain()};
}

}  // namespace pgmirror::capture::postgres

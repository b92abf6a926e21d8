#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pgmirror::tests {

/// What a run has seen; sums over runs show that the workload reaches what it is meant to reach.
struct Coverage {
  std::uint64_t commits = 0;
  std::uint64_t pages = 0;
  std::uint64_t row_events = 0;
  std::uint64_t schema_events = 0;
  std::uint64_t truncations = 0;
  std::uint64_t renamed_columns = 0;
  std::uint64_t exact_comparisons = 0;  ///< commits whose very list of events was compared
  std::uint64_t gaps = 0;               ///< several commits told as one difference of whole files
  std::uint64_t restarts = 0;           ///< decoder made anew from an image
  std::uint64_t overflow_only = 0;      ///< rows changed on overflow pages while their own page did not
  std::uint64_t dropped_pages = 0;
  std::uint64_t dropped_unwritten = 0;  ///< pages that left a tree without being written
  std::uint64_t added_pages = 0;
  std::uint64_t interior_pages = 0;
  std::uint64_t interior_rows = 0;  ///< changed interior pages of WITHOUT ROWID tables
  std::uint64_t root_moves = 0;

  void add(const Coverage& other);
  std::string text() const;
};

/// Runs `transactions` random transactions in a new file under `directory` and compares after every commit what the
/// decoder said with what SQLite itself says. Throws std::runtime_error with the place of the first difference.
Coverage run_oracle(std::uint64_t seed, std::uint64_t transactions, const std::filesystem::path& directory);

}  // namespace pgmirror::tests

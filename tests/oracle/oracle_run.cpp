#include "tests/oracle/oracle_run.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "capture/sqlite/table_reader.hpp"
#include "capture/sqlite/transaction_decoder.hpp"
#include "tests/oracle/application.hpp"
#include "tests/oracle/dice.hpp"
#include "tests/oracle/dump.hpp"
#include "tests/oracle/memory_image.hpp"
#include "tests/oracle/mirror_model.hpp"
#include "tests/oracle/page_census.hpp"
#include "tests/oracle/wal_reader.hpp"
#include "tests/oracle/workload.hpp"

namespace pgmirror::tests {
namespace {

using capture::sqlite::PageNumber;
using capture::sqlite::TransactionDecoder;

FileSettings random_settings(Dice& dice) {
  FileSettings settings;
  settings.page_size = dice.pick<int>({512, 512, 1024, 4096, 4096, 8192, 65536});
  settings.auto_vacuum = dice.pick<int>({0, 0, 1, 2});
  settings.cache_pages = dice.pick<int>({5, 20, 2000});
  settings.reserved_bytes = dice.pick<int>({0, 0, 0, 16, 32});
  settings.secure_delete = dice.one_in(2);
  settings.recursive_triggers = dice.one_in(2);
  settings.encoding = dice.pick<std::string>({"UTF-8", "UTF-8", "UTF-8", "UTF-16le", "UTF-16be"});
  return settings;
}

Exclusions random_exclusions(Dice& dice) {
  Exclusions exclusions{{"secret", "ft", "ft_data", "ft_idx", "ft_content", "ft_docsize", "ft_config"}, {"h.y"}};
  if (dice.one_in(4)) exclusions.columns.insert(exclusions.columns.end(), {"a.x", "b.big", "g.j", "d.w"});
  if (dice.one_in(4)) exclusions.columns.insert(exclusions.columns.end(), {"e.id", "c.t"});
  if (dice.one_in(8)) exclusions.tables.insert(exclusions.tables.end(), {"a", "log"});
  return exclusions;
}

/// What the agent is told; the rest of the exclusions it must find out by itself.
config::TableRules rules_of(const Exclusions& exclusions) {
  std::vector<std::string> tables;
  std::vector<std::string> columns;
  for (const std::string& table : exclusions.tables) {
    if (!table.starts_with("ft")) tables.push_back(table);
  }
  for (const std::string& column : exclusions.columns) {
    if (column != "h.y") columns.push_back(column);
  }
  return config::TableRules({}, tables, columns);
}

class Run {
 public:
  Run(std::uint64_t seed, const std::filesystem::path& file);
  Coverage go(std::uint64_t transactions);

 private:
  void fill_model();
  bool transact();
  void follow();
  void take(std::vector<PageNumber>& changed);
  void decode(const std::vector<PageNumber>& changed);
  void compare();
  void check_profiles();
  [[noreturn]] void fail(const std::string& what) const;

  std::uint64_t seed_;
  Dice dice_;
  FileSettings settings_;
  Exclusions exclusions_;
  config::TableRules rules_;
  Application application_;
  Workload workload_;
  std::optional<WalReader> wal_;
  MemoryImage decoded_{512};  ///< as of the last decoded commit
  MemoryImage current_{512};
  std::unique_ptr<TransactionDecoder> decoder_;
  MirrorModel model_;
  DatabaseContent last_dump_;
  std::optional<PageCensus> census_;
  Coverage coverage_;
  std::uint64_t transaction_ = 0;
  std::int64_t gap_ = 0;  ///< commits that are still to be left undecoded
};

Run::Run(std::uint64_t seed, const std::filesystem::path& file)
    : seed_(seed),
      dice_(seed),
      settings_(random_settings(dice_)),
      exclusions_(random_exclusions(dice_)),
      rules_(rules_of(exclusions_)),
      application_(file, settings_),
      workload_(application_, dice_) {
  workload_.create_tables();
  wal_.emplace(file);
  current_ = MemoryImage(wal_->page_size());
  std::vector<PageNumber> changed;
  // Half of the runs begin with a file that has never been written.
  if (dice_.one_in(2)) take(changed);
  decoded_ = current_;
  decoder_ = std::make_unique<TransactionDecoder>(decoded_, rules_);
  fill_model();
  take(changed);
  decode(changed);
  last_dump_ = dump(application_, exclusions_);
  compare();
  if (seed % 8 == 0) census_.emplace(application_);
}

void Run::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("seed {} transaction {} (page size {}, auto_vacuum {}, reserved {}, {}): {}",
                                       seed_, transaction_, settings_.page_size, settings_.auto_vacuum,
                                       settings_.reserved_bytes, settings_.cache_pages, settings_.encoding, what));
}

/// The first copy, as a mirror would make it from a snapshot.
void Run::fill_model() {
  for (const capture::sqlite::TableLayoutPtr& table : decoder_->tables()) {
    model_.schema({nullptr, table->relation});
    read_table(decoded_, *table, [&](change::Tuple row) {
      model_.row({change::RowOperation::insert, table->relation, {}, row});
      return true;
    });
  }
  model_.take_differences();
  model_.take_redefined();
}

Coverage Run::go(std::uint64_t transactions) {
  while (transaction_++ < transactions) {
    if (gap_ == 0 && dice_.one_in(40)) gap_ = dice_.between(2, 6);
    if (gap_ == 0 && dice_.one_in(60)) {
      decoder_ = std::make_unique<TransactionDecoder>(decoded_, rules_);
      MirrorModel fresh;
      model_ = std::move(fresh);
      fill_model();
      ++coverage_.restarts;
    }
    if (transact()) follow();
    if (workload_.maintain(settings_.auto_vacuum == 2)) follow();
  }
  gap_ = std::min<std::int64_t>(gap_, 1);
  application_.run("INSERT INTO log(msg) VALUES('end')");
  follow();
  check_profiles();
  coverage_.row_events = model_.events();
  coverage_.schema_events = model_.schema_events();
  coverage_.truncations = model_.truncations();
  coverage_.renamed_columns = model_.renamed_columns();
  return coverage_;
}

bool Run::transact() {
  application_.run("BEGIN");
  try {
    for (std::int64_t i = dice_.pick<std::int64_t>({1, 1, 2, 5, 40}); i > 0; --i) workload_.step();
    const bool commit = !dice_.one_in(12);
    application_.run(commit ? "COMMIT" : "ROLLBACK");
    return commit;
  } catch (const ConstraintViolation&) {
    if (application_.in_transaction()) application_.run("ROLLBACK");
    return false;
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void Run::take(std::vector<PageNumber>& changed) {
  std::set<PageNumber> numbers(changed.begin(), changed.end());
  while (std::optional<WalTransaction> transaction = wal_->next()) {
    ++coverage_.commits;
    coverage_.pages += transaction->pages.size();
    for (auto& [number, page] : transaction->pages) {
      numbers.insert(number);
      current_.set(number, std::move(page));
    }
    current_.resize(transaction->page_count);
  }
  changed.assign(numbers.begin(), numbers.end());
}

void Run::follow() {
  std::vector<PageNumber> changed;
  take(changed);
  if (census_) census_->count({changed.begin(), changed.end()}, coverage_);
  if (gap_ > 0) {
    if (--gap_ > 0) return;
    ++coverage_.gaps;
    // As after a time without the agent: it is not known what changed.
    changed.clear();
    for (PageNumber number = 1; number <= std::max(decoded_.page_count(), current_.page_count()); ++number) {
      changed.push_back(number);
    }
  }
  decode(changed);
  DatabaseContent now = dump(application_, exclusions_);
  const std::vector<RowDifference> expected = differences(last_dump_, now);
  last_dump_ = std::move(now);
  compare();
  const bool redefined = model_.take_redefined();
  const std::vector<RowDifference> said = model_.take_differences();
  if (redefined) return;
  ++coverage_.exact_comparisons;
  if (said != expected) {
    fail(fmt::format("{} changes were emitted where {} rows differ", said.size(), expected.size()));
  }
}

void Run::decode(const std::vector<PageNumber>& changed) {
  const std::uint64_t before = model_.events() + model_.schema_events() + model_.truncations();
  std::uint64_t emitted = 0;
  try {
    emitted = decoder_->decode(decoded_, current_, changed, model_);
  } catch (const std::exception& error) {
    fail(error.what());
  }
  if (emitted != model_.events() + model_.schema_events() + model_.truncations() - before) {
    fail("another number of changes was returned than emitted");
  }
  decoded_ = current_;
}

void Run::compare() {
  if (model_.content() != last_dump_) {
    fail("mirror against source: " + first_difference(model_.content(), last_dump_));
  }
}

void Run::check_profiles() {
  for (const capture::sqlite::TableLayoutPtr& table : decoder_->tables()) {
    const change::TableProfile profile = profile_table(decoded_, *table);
    const TableContent& content = last_dump_.at(table->relation->name);
    std::vector<change::ColumnProfile> expected(content.columns.size());
    for (const auto& [key, row] : content.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string& cell = row[i];
        if (cell == "null") ++expected[i].nulls;
        if (cell.starts_with("integer ")) ++expected[i].integers;
        if (cell.starts_with("real ")) ++expected[i].reals;
        if (cell.starts_with("text ")) ++expected[i].texts;
        if (cell.starts_with("blob ")) ++expected[i].blobs;
        if (cell != "null" && cell != "integer 0" && cell != "integer 1") ++expected[i].not_boolean;
      }
    }
    const bool same = std::ranges::equal(profile.columns, expected, [](const auto& left, const auto& right) {
      return left.nulls == right.nulls && left.integers == right.integers && left.reals == right.reals &&
             left.texts == right.texts && left.blobs == right.blobs && left.not_boolean == right.not_boolean;
    });
    if (!same || profile.rows != content.rows.size()) fail("profile of " + table->relation->name + " is wrong");
  }
}

}  // namespace

void Coverage::add(const Coverage& other) {
  commits += other.commits;
  pages += other.pages;
  row_events += other.row_events;
  schema_events += other.schema_events;
  truncations += other.truncations;
  renamed_columns += other.renamed_columns;
  exact_comparisons += other.exact_comparisons;
  gaps += other.gaps;
  restarts += other.restarts;
  overflow_only += other.overflow_only;
  dropped_pages += other.dropped_pages;
  dropped_unwritten += other.dropped_unwritten;
  added_pages += other.added_pages;
  interior_pages += other.interior_pages;
  interior_rows += other.interior_rows;
  root_moves += other.root_moves;
}

std::string Coverage::text() const {
  return fmt::format(
      "commits {}, pages {}, row events {}, schema events {}, truncations {}, renamed columns {}, exact comparisons "
      "{}, "
      "gaps {}, restarts {}; in every eighth run: overflow only {}, dropped pages {} ({} not written), added pages {}, "
      "interior pages {}, interior rows' pages {}, root moves {}",
      commits, pages, row_events, schema_events, truncations, renamed_columns, exact_comparisons, gaps, restarts,
      overflow_only, dropped_pages, dropped_unwritten, added_pages, interior_pages, interior_rows, root_moves);
}

Coverage run_oracle(std::uint64_t seed, std::uint64_t transactions, const std::filesystem::path& directory) {
  Run run(seed, directory / fmt::format("oracle_{}.db", seed));
  return run.go(transactions);
}

}  // namespace pgmirror::tests

#include "tests/scenario/native_apply/native_apply.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgmirror::tests {

void NativeApply::start() {
  worker_ = std::make_unique<sinks::postgres::MirrorWorker>(mirror_, queue_.reader(), native_,
                                                            change::SourceIdentity{"scripted"});
  thread_ = std::jthread([worker = worker_.get()](std::stop_token stop) { worker->run(std::move(stop)); });
}

void NativeApply::start_and_copy() {
  start();
  ASSERT_TRUE(catches_up());
}

testing::AssertionResult NativeApply::holds_what_the_source_has(const change::RelationPtr& relation) const {
  std::vector<std::string> wanted;
  for (const Printed& row : native_.rows(relation)) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() && &cell == &row.front() ? "" : "|") + cell.value_or("~");
    wanted.push_back(std::move(line));
  }
  std::vector<std::string> columns;
  for (const change::Column& column : relation->columns) columns.push_back('"' + column.name + '"');
  auto session = administer();
  session.execute(
      "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; "
      "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C'");
  const auto found =
      session.execute(fmt::format("SELECT {} FROM app.\"{}\"", fmt::join(columns, ", "), relation->name));
  std::vector<std::string> standing;
  for (int row = 0; row < found.rows(); ++row) {
    std::string line;
    for (int column = 0; column < found.columns(); ++column) {
      if (column > 0) line += '|';
      line += found.is_null(row, column) ? "~" : found.text(row, column);
    }
    standing.push_back(std::move(line));
  }
  std::ranges::sort(wanted);
  std::ranges::sort(standing);
  if (wanted == standing) return testing::AssertionSuccess();
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::ranges::set_difference(wanted, standing, std::back_inserter(missing));
  std::ranges::set_difference(standing, wanted, std::back_inserter(extra));
  return testing::AssertionFailure() << relation->name << " lacks " << fmt::format("{}", fmt::join(missing, " ; "))
                                     << " and has too many " << fmt::format("{}", fmt::join(extra, " ; "));
}

void NativeApply::expect_exact(const change::RelationPtr& relation) {
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(relation));
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U) << status().reason;
}

}  // namespace pgmirror::tests

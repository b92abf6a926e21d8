#pragma once

#include "tests/scenario/apply/applied_queue.hpp"
#include "tests/scenario/native_apply/native_source.hpp"

namespace pgmirror::tests {

/// A real queue between a scripted PostgreSQL source and a worker on a new database.
class NativeApply : public AppliedQueue {
 protected:
  ~NativeApply() override { stop(); }

  void start();
  void start_and_copy();
  /// Whether table `app.name` of the mirror holds exactly the source's rows, as the server prints them.
  testing::AssertionResult holds_what_the_source_has(const change::RelationPtr& relation) const;
  /// After catching up: the same, and at the first try and without drift.
  void expect_exact(const change::RelationPtr& relation);

  NativeSource native_{queue_, first_position};
};

}  // namespace pgmirror::tests

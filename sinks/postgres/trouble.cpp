#include "sinks/postgres/trouble.hpp"

#include <algorithm>

#include "sinks/postgres/failure.hpp"

namespace pgmirror::sinks::postgres {
namespace {

constexpr const char* integrity_violation = "23";  ///< a class

}  // namespace

void Trouble::refused(const libpq::DatabaseError& error) {
  object = refusing_object(error);
  type = refused_by_type(error);
  constraint.reset();
  if (error.sqlstate().starts_with(integrity_violation) && !error.constraint().constraint.empty()) {
    constraint = error.constraint();
  }
}

void Trouble::refused(const BatchRefused& refusal) {
  refused(refusal.error);
  if (stands_alone() && refusal.transactions == 1 && refusal.end <= end) {
    ++attempts;
    return;
  }
  const bool again = retried && refusal.end <= end;
  // Nothing stands alone before it was sent a second time.
  transactions =
      again ? std::max<std::uint64_t>(1, refusal.transactions / 2) : std::max<std::uint64_t>(2, refusal.transactions);
  attempts = 0;
  retried = true;
  end = std::max(end, refusal.end);
}

}  // namespace pgmirror::sinks::postgres

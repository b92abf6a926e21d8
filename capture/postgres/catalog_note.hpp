#pragma once

#include <functional>
#include <vector>

#include "change/position.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// Something for the queue that the stream does not carry, in a transaction of its own.
struct CatalogNote {
  change::Position not_before;  ///< belongs behind the commits up to here
  /// Called inside the transaction. May be called again when that was rolled back.
  std::function<void(change::TransactionWriter&)> write;
  std::function<void()> durable{};  ///< called when it is, or is not needed
  std::function<bool()> needed{};   ///< asked when it is due, where it may have nothing to say
  bool inside = false;              ///< of the open transaction
};

}  // namespace pgmirror::capture::postgres

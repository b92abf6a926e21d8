#pragma once

#include <optional>
#include <string>

#include "capture/postgres/source_facts.hpp"
#include "capture/source_refused.hpp"

namespace pgmirror::capture::postgres {

/// What the queue knows of the history that the source has to continue.
struct ExpectedHistory {
  std::string source;  ///< address, for messages
  std::string slot;
  std::string database;                            ///< by name
  std::optional<change::SourceIdentity> identity;  ///< none: the first start
  change::Position queue_end;
};

/// Throws SourceRefused where this server cannot be a source at all: a standby, a log without logical information, an
/// encoding that says nothing about its bytes.
void require_usable(const SourceFacts& facts, const std::string& source);

/// Throws SourceRefused where this is another cluster, database or timeline than the queue follows, or its log is older
/// than the queue.
void require_same_history(const SourceFacts& facts, const ExpectedHistory& expected);

/// Throws SourceRefused where server and slot do not continue the queue's history without a hole: another cluster,
/// database or timeline, a log or a slot that is older or newer than the queue allows, a lost slot. The server itself
/// would begin at the slot's place without a word.
void require_continuation(const SourceFacts& facts, const std::optional<SlotFacts>& slot,
                          const ExpectedHistory& expected);

/// Throws SourceRefused where a slot that was found at the first start is not one of ours.
void require_own_slot(const SlotFacts& slot, const ExpectedHistory& expected);

}  // namespace pgmirror::capture::postgres

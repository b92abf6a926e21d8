#include "queue/seal.hpp"

#include "queue/wire.hpp"

namespace pgmirror::queue {

void SegmentTotals::count(const BlockHeader& block) {
  if (blocks == 0) open_at_start = block.open_at_start();
  if (outcome == Outcome::none && open_at_start) outcome = block.outcome;
  if (commits == 0 && block.commits > 0) {
    first = block.first;
    first_time = block.first_time;
  }
  ++blocks;
  commits += block.commits;
  changes += block.changes;
  raw_bytes += block.raw_bytes;
}

void append_seal(ByteBuffer& out, const SegmentTotals& totals) {
  char* at = out.reserve(seal_bytes);
  std::memset(at, 0, seal_bytes);
  wire::store(at, totals.commits);
  wire::store(at + 8, totals.changes);
  wire::store(at + 16, totals.raw_bytes);
  wire::store(at + 24, totals.blocks);
  wire::store(at + 32, totals.first.value);
  wire::store(at + 40, std::int64_t{totals.first_time.time_since_epoch().count()});
  at[48] = totals.open_at_start ? 1 : 0;
  at[49] = static_cast<char>(totals.outcome);
  out.advance_to(at + seal_bytes);
}

SegmentTotals parse_seal(std::string_view bytes) {
  if (bytes.size() != seal_bytes) throw wire::Malformed("the seal is of the wrong length");
  const auto outcome = static_cast<std::uint8_t>(bytes[49]);
  if (outcome > static_cast<std::uint8_t>(Outcome::abandoned)) throw wire::Malformed("the seal's outcome is unknown");
  const char* at = bytes.data();
  SegmentTotals totals;
  totals.commits = wire::load<std::uint64_t>(at);
  totals.changes = wire::load<std::uint64_t>(at + 8);
  totals.raw_bytes = wire::load<std::uint64_t>(at + 16);
  totals.blocks = wire::load<std::uint64_t>(at + 24);
  totals.first.value = wire::load<std::uint64_t>(at + 32);
  totals.first_time = change::CommitTime{std::chrono::microseconds{wire::load<std::int64_t>(at + 40)}};
  totals.open_at_start = at[48] != 0;
  totals.outcome = static_cast<Outcome>(outcome);
  return totals;
}

}  // namespace pgmirror::queue

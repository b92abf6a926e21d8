#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "queue/block_header.hpp"
#include "queue/byte_buffer.hpp"
#include "queue/change_queue.hpp"
#include "queue/damage.hpp"
#include "queue/inspection.hpp"
#include "queue/segment_header.hpp"
#include "tests/unit/queue/forgetful_disk.hpp"

// Any bytes as the newest segment of a queue. The first byte chooses how: bit 0 gives them a right segment header, bit
// 1 makes the next bytes the records of a block with right checksums, so that the fuzzer gets past those. What is
// opened must open again, to the same end.
namespace pgmirror::queue {
namespace {

constexpr std::size_t largest_raw_block = std::size_t{1} << 20U;

Options options() {
  Options options;
  options.directory = "/queue";
  options.source = {"fuzz"};
  return options;
}

// A block around `records` that continues the segment `header`.
std::string block_of(const SegmentHeader& segment, std::string_view fields, std::string_view records) {
  BlockHeader header;
  header.salt = segment.salt;
  header.previous = segment.checksum;
  header.stored_bytes = static_cast<std::uint32_t>(records.size());
  header.raw_bytes = static_cast<std::uint32_t>(records.size());
  header.kind = (fields[0] & 1) != 0 ? BlockKind::seal : BlockKind::records;
  header.compressed = (fields[0] & 2) != 0;
  header.defines_relations = (fields[0] & 4) != 0;
  header.open_at_end = (fields[0] & 8) != 0;
  header.outcome = static_cast<Outcome>(static_cast<unsigned char>(fields[1]) % 3);
  header.commits = static_cast<unsigned char>(fields[2]) % 4;
  header.first.value = header.commits > 0 ? 1 : 0;
  header.last.value = static_cast<unsigned char>(fields[3]);
  header.open = {static_cast<unsigned char>(fields[4]) % 3U, segment.bytes};
  if ((fields[0] & 16) != 0) header.last_begin = static_cast<unsigned char>(fields[5]);
  if (header.compressed) header.raw_bytes = static_cast<unsigned char>(fields[6]) * 16U;
  std::string block(BlockHeader::size, '\0');
  block.append(records);
  encode(header, block);
  return block;
}

std::string segment_of(std::string_view input) {
  constexpr std::size_t field_bytes = 7;
  const unsigned how = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  if ((how & 1U) == 0) return std::string(input);
  testing::ForgetfulDisk disk;
  SegmentHeader header;
  header.queue = {1, 2};
  header.sequence = 1;
  header.salt = 0x1122334455667788U;
  header.source = {"fuzz"};
  write_header(*disk.create("/header"), header);
  auto segment = disk.content("/header");
  if ((how & 2U) == 0 || input.size() < field_bytes) return segment.append(input);
  return segment + block_of(header, input.substr(0, field_bytes), input.substr(field_bytes));
}

void read_to_end(ChangeQueue& queue) {
  auto cursor = queue.open_cursor(queue.begin_position());
  while (cursor.next() != nullptr) {
  }
}

void open_twice(const std::shared_ptr<testing::ForgetfulDisk>& disk) {
  change::Position end;
  {
    ChangeQueue queue(options(), disk);
    end = queue.end();
    read_to_end(queue);
  }
  ChangeQueue queue(options(), disk);
  if (queue.end() != end) throw std::logic_error("a queue that was opened ends elsewhere when opened again");
}

}  // namespace
}  // namespace pgmirror::queue

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgmirror::queue;
  if (size == 0 || size > largest_raw_block) return 0;
  const auto disk = std::make_shared<testing::ForgetfulDisk>();
  disk->set_content("/queue/" + segment_file_name(1), segment_of({reinterpret_cast<const char*>(data), size}));
  try {
    inspect("/queue", Depth::contents, *disk);
    open_twice(disk);
  } catch (const Damage&) {
  } catch (const QueueRefused&) {
  } catch (const PositionUnavailable&) {
  } catch (const std::system_error&) {
  }
  return 0;
}

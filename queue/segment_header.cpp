#include "queue/segment_header.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "queue/damage.hpp"
#include "queue/refusal.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

constexpr std::string_view magic = "pgmqueue";
constexpr std::string_view suffix = ".segment";
constexpr std::size_t sequence_digits = 20;
constexpr std::size_t checked_from = 24;
constexpr std::size_t fixed_bytes = 84;
constexpr std::size_t longest_identity = 64UL * 1024;

}  // namespace

void write_header(File& file, SegmentHeader& header) {
  ByteBuffer out;
  out.resize(fixed_bytes);
  std::memcpy(out.data(), magic.data(), magic.size());
  header.bytes = static_cast<std::uint32_t>(fixed_bytes + header.source.text.size());
  wire::store(out.data() + 8, format_version);
  wire::store(out.data() + 12, header.bytes);
  wire::store(out.data() + 24, header.queue[0]);
  wire::store(out.data() + 32, header.queue[1]);
  wire::store(out.data() + 40, header.sequence);
  wire::store(out.data() + 48, header.previous_seal);
  wire::store(out.data() + 56, header.salt);
  wire::store(out.data() + 64, header.after.value);
  wire::store(out.data() + 72, std::int64_t{header.after_time.time_since_epoch().count()});
  wire::store(out.data() + 80, static_cast<std::uint32_t>(header.source.text.size()));
  out.append(header.source.text);
  header.checksum = XXH3_64bits(out.data() + checked_from, out.size() - checked_from);
  wire::store(out.data() + 16, header.checksum);
  file.write(0, out.bytes());
}

SegmentHeader read_header(const File& file, const std::filesystem::path& path) {
  ByteBuffer in;
  in.resize(fixed_bytes);
  if (file.read(0, {in.data(), fixed_bytes}) != fixed_bytes || in.view().substr(0, magic.size()) != magic) {
    throw Damage(path, 0, "it does not start with a segment header");
  }
  const auto version = wire::load<std::uint32_t>(in.data() + 8);
  if (version != format_version) {
    throw QueueRefused("queue segment \"" + path.string() + "\": format version " + std::to_string(version) +
                       " is not known to this program, which reads version " + std::to_string(format_version) +
                       "; start the version of pgmirror that wrote it");
  }
  SegmentHeader header;
  header.bytes = wire::load<std::uint32_t>(in.data() + 12);
  const auto identity_bytes = wire::load<std::uint32_t>(in.data() + 80);
  if (identity_bytes > longest_identity || header.bytes != fixed_bytes + identity_bytes) {
    throw Damage(path, 12, "the length of the header is wrong");
  }
  in.resize(header.bytes);
  if (file.read(0, {in.data(), in.size()}) != in.size()) throw Damage(path, 0, "the header is cut off");
  header.checksum = wire::load<std::uint64_t>(in.data() + 16);
  if (header.checksum != XXH3_64bits(in.data() + checked_from, in.size() - checked_from)) {
    throw Damage(path, 0, "the header's checksum is wrong");
  }
  header.queue = {wire::load<std::uint64_t>(in.data() + 24), wire::load<std::uint64_t>(in.data() + 32)};
  header.sequence = wire::load<std::uint64_t>(in.data() + 40);
  header.previous_seal = wire::load<std::uint64_t>(in.data() + 48);
  header.salt = wire::load<std::uint64_t>(in.data() + 56);
  header.after.value = wire::load<std::uint64_t>(in.data() + 64);
  header.after_time = change::CommitTime{std::chrono::microseconds{wire::load<std::int64_t>(in.data() + 72)}};
  header.source.text = in.view().substr(fixed_bytes);
  return header;
}

std::string segment_file_name(std::uint64_t sequence) {
  auto digits = std::to_string(sequence);
  digits.insert(0, sequence_digits - digits.size(), '0');
  return digits.append(suffix);
}

std::optional<std::uint64_t> segment_sequence(const std::string& file_name) {
  if (file_name.size() != sequence_digits + suffix.size() || !file_name.ends_with(suffix)) return std::nullopt;
  std::uint64_t sequence = 0;
  for (const char digit : std::string_view(file_name).substr(0, sequence_digits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    sequence = sequence * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return sequence;
}

std::vector<std::uint64_t> segments_in(const std::vector<std::string>& file_names) {
  std::vector<std::uint64_t> sequences;
  for (const auto& name : file_names) {
    if (const auto sequence = segment_sequence(name)) sequences.push_back(*sequence);
  }
  std::ranges::sort(sequences);
  return sequences;
}

}  // namespace pgmirror::queue

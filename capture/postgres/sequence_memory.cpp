#include "capture/postgres/sequence_memory.hpp"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>
#include <string>

#include "capture/postgres/durable_file.hpp"

namespace pgmirror::capture::postgres {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw std::runtime_error(
      fmt::format("{}: holds something else than numbers of sequences; restore it from a backup, or remove it: then "
                  "sequences that were set back while no pgmirror ran stay ahead in the mirrors",
                  file.string()));
}

}  // namespace

std::filesystem::path sequences_file(const std::filesystem::path& state_directory) {
  return state_directory / "source-sequences";
}

ToldSequences recall_sequences(const std::filesystem::path& file) {
  ToldSequences sequences;
  const auto content = file_content(file);
  if (!content) return sequences;
  std::istringstream lines(*content);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    ObjectId oid = 0;
    ToldSequence told;
    if (!(numbers >> oid)) refuse(file);
    if ((numbers >> std::ws).eof()) {
      sequences.emplace(oid, std::nullopt);
    } else if (numbers >> told.value >> told.seen && (numbers >> std::ws).eof()) {
      sequences.emplace(oid, told);
    } else {
      refuse(file);
    }
  }
  return sequences;
}

void keep_sequences(const std::filesystem::path& file, const ToldSequences& sequences) {
  std::string numbers;
  for (const auto& [oid, told] : sequences) {
    numbers += told ? fmt::format("{} {} {}\n", oid, told->value, told->seen) : fmt::format("{}\n", oid);
  }
  replace_file(file, numbers);
}

}  // namespace pgmirror::capture::postgres

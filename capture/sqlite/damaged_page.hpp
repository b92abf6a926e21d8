#pragma once

#include <stdexcept>

namespace pgmirror::capture::sqlite {

/// A page of the database does not hold what the file format allows at its place: the file is damaged, encrypted, or
/// pages of two commits were mixed. Caught by the source, which rereads or stops.
class DamagedPage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::capture::sqlite

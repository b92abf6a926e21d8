#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/given_values.hpp"
#include "config/setting_value.hpp"

namespace pgmirror::config {

/// Turns given values into what they stand for and collects what is wrong, so that the user sees all of it at once.
///
/// Both arguments must outlive the reader.
class ValueReader {
 public:
  ValueReader(const GivenValues& values, std::vector<std::string>& problems) : values_(values), problems_(problems) {}

  /// Leaves `target` alone when nothing was given, or nothing good.
  template <typename Target, typename Parse>
  void read(std::string_view key, Target& target, Parse parse) {
    const GivenValue* const given = values_.find(key);
    if (given == nullptr) return;
    try {
      target = parse(given->text);
    } catch (const InvalidValue& why) {
      problem(*given, why.what());
    }
  }

  std::vector<std::string> read_list(std::string_view key) const;
  const GivenValue* find(std::string_view key) const { return values_.find(key); }
  void problem(const GivenValue& given, std::string_view what);

 private:
  const GivenValues& values_;
  std::vector<std::string>& problems_;
};

}  // namespace pgmirror::config

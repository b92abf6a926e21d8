#include "sinks/postgres/moment.hpp"

#include <chrono>
#include <cmath>
#include <limits>

namespace pgmirror::sinks::postgres {
namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t unix_epoch_to_2000 = 946'684'800;
constexpr double julian_day_of_2000 = 2'451'544.5;
/// MIN_TIMESTAMP and END_TIMESTAMP of PostgreSQL's datatype/timestamp.h, as the manual gives them: 4713 BC to 294276
/// AD.
constexpr std::int64_t earliest = -211'813'488'000'000'000;
constexpr std::int64_t behind_latest = 9'223'371'331'200'000'000;

/// Reads fixed forms from the left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<int> digits(std::size_t count) {
    if (text_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return number;
  }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  /// As many as there are, few enough to count days and microseconds with.
  std::optional<std::int64_t> number() {
    constexpr std::size_t longest = 7;
    std::size_t count = 0;
    std::int64_t found = 0;
    for (; count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count) {
      if (count == longest) return std::nullopt;
      found = found * 10 + (text_[count] - '0');
    }
    if (count == 0) return std::nullopt;
    text_.remove_prefix(count);
    return found;
  }
  /// The digits behind a decimal point as microseconds; zeros beyond the sixth digit are allowed.
  std::optional<std::int64_t> fraction() {
    std::int64_t number = 0;
    std::size_t count = 0;
    for (; peek() >= '0' && peek() <= '9'; ++count) {
      if (count < 6) number = number * 10 + (peek() - '0');
      if (count >= 6 && peek() != '0') return std::nullopt;
      text_.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) number *= 10;
    return number;
  }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> read_date(Reader& reader) {
  const auto year = reader.digits(4);
  if (!year || *year == 0 || !reader.take('-')) return std::nullopt;
  const auto month = reader.digits(2);
  if (!month || !reader.take('-')) return std::nullopt;
  const auto day = reader.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() * seconds_per_day - unix_epoch_to_2000;
}

std::optional<std::int64_t> read_time(Reader& reader) {
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23 || !reader.take(':')) return std::nullopt;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t microseconds = (*hour * 3600 + *minute * 60) * microseconds_per_second;
  if (!reader.take(':')) return microseconds;
  const auto second = reader.digits(2);
  if (!second || *second > 59) return std::nullopt;
  microseconds += *second * microseconds_per_second;
  if (!reader.take('.')) return microseconds;
  const auto fraction = reader.fraction();
  if (!fraction) return std::nullopt;
  return microseconds + *fraction;
}

/// Seconds to subtract to reach UTC.
std::optional<std::int64_t> read_zone(Reader& reader) {
  if (reader.at_end()) return 0;
  if (reader.take('Z')) return 0;
  const bool west = reader.peek() == '-';
  if (!reader.take('-') && !reader.take('+')) return std::nullopt;
  const auto hours = reader.digits(2);
  if (!hours || *hours > 15) return std::nullopt;
  int minutes = 0;
  if (!reader.at_end()) {
    reader.take(':');
    const auto given = reader.digits(2);
    if (!given || *given > 59) return std::nullopt;
    minutes = *given;
  }
  const std::int64_t seconds = *hours * 3600 + minutes * 60;
  return west ? -seconds : seconds;
}

std::optional<PostgresMicroseconds> in_range(std::int64_t microseconds) {
  if (microseconds < earliest || microseconds >= behind_latest) return std::nullopt;
  return microseconds;
}

std::optional<PostgresMicroseconds> rounded(double microseconds) {
  if (!(microseconds > -2.2e17 && microseconds < 9.223371331e18)) return std::nullopt;
  return in_range(std::llround(microseconds));
}

/// Units since 1970, `scale` microseconds each.
std::optional<PostgresMicroseconds> from_unix(const change::Value& value, std::int64_t scale) {
  constexpr std::int64_t shift = unix_epoch_to_2000 * microseconds_per_second;
  if (value.kind() == change::ValueKind::integer) {
    std::int64_t microseconds = 0;
    if (__builtin_mul_overflow(value.as_integer(), scale, &microseconds)) return std::nullopt;
    if (__builtin_sub_overflow(microseconds, shift, &microseconds)) return std::nullopt;
    return in_range(microseconds);
  }
  if (value.kind() != change::ValueKind::real) return std::nullopt;
  // Whole and fraction apart: a double of seconds since 1970 keeps microseconds, their product with a million does not.
  const double whole = std::floor(value.as_real());
  if (!(std::abs(whole) < 1e16)) return std::nullopt;
  const auto start = from_unix(change::Value::integer(static_cast<std::int64_t>(whole)), scale);
  if (!start) return std::nullopt;
  return in_range(*start + std::llround((value.as_real() - whole) * static_cast<double>(scale)));
}

/// Days from 2000-01-01 in the proleptic Gregorian calendar, by eras of 400 years that begin in March; std::chrono ends
/// at the year 32767.
std::int64_t days_from_2000(std::int64_t year, int month, int day) {
  constexpr std::int64_t days_per_era = 146'097;
  constexpr std::int64_t from_era_0 = 730'425;
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const int month_from_march = month > 2 ? month - 3 : month + 9;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * days_per_era + day_of_era - from_era_0;
}

/// A date whose year counts from Christ on; ` BC` stands at the very end of what a server prints.
struct PrintedDate {
  std::int64_t year;
  int month;
  int day;

  std::int64_t days(bool before_christ) const { return days_from_2000(before_christ ? 1 - year : year, month, day); }
};

std::optional<PrintedDate> read_year_month_day(Reader& reader) {
  const auto year = reader.number();
  if (!year || !reader.take('-')) return std::nullopt;
  const auto month = reader.digits(2);
  if (!month || *month < 1 || *month > 12 || !reader.take('-')) return std::nullopt;
  const auto day = reader.digits(2);
  if (!day || *day < 1 || *day > 31) return std::nullopt;
  return PrintedDate{*year, *month, *day};
}

/// Seconds east of Greenwich: hours, and minutes and seconds where there are any.
std::optional<std::int64_t> read_printed_zone(Reader& reader) {
  const bool west = reader.peek() == '-';
  if (!reader.take('-') && !reader.take('+')) return 0;
  std::int64_t seconds = 0;
  for (const int unit : {3600, 60, 1}) {
    const auto part = reader.digits(2);
    if (!part) return std::nullopt;
    seconds += std::int64_t{*part} * unit;
    if (!reader.take(':')) break;
  }
  return west ? -seconds : seconds;
}

/// PostgreSQL's infinite moments are the ends of what the number holds.
template <typename Number>
std::optional<Number> read_infinity(std::string_view text) {
  if (text == "infinity") return std::numeric_limits<Number>::max();
  if (text == "-infinity") return std::numeric_limits<Number>::min();
  return std::nullopt;
}

}  // namespace

std::optional<PostgresMicroseconds> read_printed_timestamp(std::string_view text) {
  if (const auto infinite = read_infinity<PostgresMicroseconds>(text)) return infinite;
  Reader reader(text);
  const auto date = read_year_month_day(reader);
  if (!date || !reader.take(' ')) return std::nullopt;
  const auto time = read_time(reader);
  if (!time) return std::nullopt;
  const auto zone = read_printed_zone(reader);
  if (!zone) return std::nullopt;
  const bool before_christ = reader.take(" BC");
  if (!reader.at_end()) return std::nullopt;
  std::int64_t microseconds = 0;
  if (__builtin_mul_overflow(date->days(before_christ) * seconds_per_day - *zone, microseconds_per_second,
                             &microseconds)) {
    return std::nullopt;
  }
  return in_range(microseconds + *time);
}

std::optional<std::int32_t> read_printed_date(std::string_view text) {
  if (const auto infinite = read_infinity<std::int32_t>(text)) return infinite;
  Reader reader(text);
  const auto date = read_year_month_day(reader);
  if (!date) return std::nullopt;
  const bool before_christ = reader.take(" BC");
  if (!reader.at_end()) return std::nullopt;
  return static_cast<std::int32_t>(date->days(before_christ));
}

std::optional<PostgresMicroseconds> read_iso8601(std::string_view text) {
  Reader reader(text);
  const auto date = read_date(reader);
  if (!date) return std::nullopt;
  if (reader.at_end()) return *date * microseconds_per_second;
  if (!reader.take(' ') && !reader.take('T')) return std::nullopt;
  const auto time = read_time(reader);
  if (!time) return std::nullopt;
  reader.take(' ');
  const auto zone = read_zone(reader);
  if (!zone || !reader.at_end()) return std::nullopt;
  return (*date - *zone) * microseconds_per_second + *time;
}

std::optional<PostgresMicroseconds> read_moment(const change::Value& value, TargetType::Moment encoding) {
  using Moment = TargetType::Moment;
  switch (encoding) {
    case Moment::iso8601:
      if (value.kind() != change::ValueKind::text) return std::nullopt;
      return read_iso8601(value.bytes());
    case Moment::unix_seconds:
      return from_unix(value, microseconds_per_second);
    case Moment::unix_milliseconds:
      return from_unix(value, 1000);
    case Moment::julian:
      break;
  }
  double days = 0;
  if (value.kind() == change::ValueKind::integer) {
    days = static_cast<double>(value.as_integer());
  } else if (value.kind() == change::ValueKind::real) {
    days = value.as_real();
  } else {
    return std::nullopt;
  }
  // SQLite's own resolution for julian days is the millisecond.
  const double milliseconds = std::round((days - julian_day_of_2000) * static_cast<double>(seconds_per_day) * 1000);
  return rounded(milliseconds * 1000);
}

}  // namespace pgmirror::sinks::postgres

#include "sinks/postgres/order_note.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

namespace pgmirror::sinks::postgres {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw std::runtime_error(fmt::format("orders {}: {}", file.string(), what));
}

std::string system_message() { return std::error_code(errno, std::generic_category()).message(); }

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : number_(open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
    if (number_ < 0) fail(path, system_message());
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return number_; }

 private:
  int number_;
};

void sync(const fs::path& path, int descriptor) {
  if (fsync(descriptor) != 0) fail(path, system_message());
}

void sync_directory_of(const fs::path& file) {
  const fs::path directory = file.parent_path();
  sync(directory, Descriptor(directory, O_RDONLY | O_DIRECTORY));
}

}  // namespace

StandingOrders OrderNote::read() const {
  StandingOrders orders;
  if (file_.empty() || !fs::exists(file_)) return orders;
  std::ifstream in(file_, std::ios::binary);
  try {
    const json note = json::parse(in);
    orders.start_over = note.at("start_over").get<bool>();
    if (note.contains("resync")) orders.resync = note.at("resync").get<std::set<std::string>>();
  } catch (const json::exception&) {
    fail(file_, "cannot be read; remove the file and give the orders again");
  }
  return orders;
}

void OrderNote::write(const StandingOrders& orders) const {
  if (file_.empty()) return;
  if (orders == StandingOrders{}) {
    if (fs::remove(file_)) sync_directory_of(file_);
    return;
  }
  json note{{"start_over", orders.start_over}};
  if (orders.resync) note["resync"] = *orders.resync;
  // A name that is no UTF-8 cannot be in the mirror either.
  const std::string text = note.dump(-1, ' ', false, json::error_handler_t::replace);
  const fs::path next = file_.string() + ".new";
  {
    const Descriptor file(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(next, system_message());
    sync(next, file);
  }
  fs::rename(next, file_);
  sync_directory_of(file_);
}

}  // namespace pgmirror::sinks::postgres

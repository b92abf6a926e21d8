/// How long after its commit each row of store_writer can be seen in the mirror, found by asking again and again.
///
///   visible_delay CONNECTION SECONDS
///
/// The figures include the time between two questions, about a third of a millisecond.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Server = std::unique_ptr<PGconn, void (*)(PGconn*)>;
using Rows = std::unique_ptr<PGresult, void (*)(PGresult*)>;

constexpr std::chrono::microseconds pause{300};

void measure(const char* connection, double seconds) {
  const Server server(PQconnectdb(connection), PQfinish);
  if (PQstatus(server.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(server.get()));
  std::vector<double> delays;
  std::string last = "0";
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < end) {
    const char* values[] = {last.c_str()};
    const Rows rows(PQexecParams(server.get(), "SELECT id, committed_at FROM written WHERE id > $1::bigint ORDER BY id",
                                 1, nullptr, values, nullptr, nullptr, 0),
                    PQclear);
    if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(server.get()));
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    for (int row = 0; row < PQntuples(rows.get()); ++row) {
      delays.push_back((now - std::strtod(PQgetvalue(rows.get(), row, 1), nullptr)) * 1000);
      last = PQgetvalue(rows.get(), row, 0);
    }
    std::this_thread::sleep_for(pause);
  }
  if (delays.empty()) throw std::runtime_error("no row came");
  std::ranges::sort(delays);
  const auto percentile = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  fmt::print("{} rows visible after p50 {:.1f} ms p95 {:.1f} ms p99 {:.1f} ms\n", delays.size(), percentile(0.5),
             percentile(0.95), percentile(0.99));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: visible_delay CONNECTION SECONDS\n");
    return 64;
  }
  try {
    measure(argv[1], std::strtod(argv[2], nullptr));
  } catch (const std::exception& error) {
    fmt::print(stderr, "visible_delay: {}\n", error.what());
    return 1;
  }
  return 0;
}

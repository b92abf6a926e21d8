#include "agent/followed_source.hpp"

#include "agent/state_directory.hpp"
#include "capture/postgres/postgres_source.hpp"
#include "capture/postgres/triggers/trigger_source.hpp"
#include "capture/sqlite/sqlite_source.hpp"

namespace pgmirror::agent {

std::unique_ptr<capture::Source> open_source(const config::Config& config, change::Position queue_end,
                                             const std::optional<change::SourceIdentity>& identity) {
  if (config.postgres && config.postgres->method == config::CaptureMethod::triggers) {
    return std::make_unique<capture::postgres::triggers::TriggerSource>(*config.postgres, config.tables,
                                                                        config.state_dir, queue_end, identity);
  }
  if (config.postgres) {
    return std::make_unique<capture::postgres::PostgresSource>(*config.postgres, config.tables, config.state_dir,
                                                               queue_end, identity);
  }
  return std::make_unique<capture::sqlite::SqliteSource>(*config.sqlite, config.tables,
                                                         shadow_directory(config.state_dir), queue_end, identity);
}

}  // namespace pgmirror::agent

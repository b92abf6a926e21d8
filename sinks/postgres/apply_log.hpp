#pragma once

#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/net_batch.hpp"

namespace pgmirror::sinks::postgres {

/// The line that people tail: what has been applied since the last such line.
void log_applied(const Applied& outcome);

/// At debug level, a line a row: its table and key, no other value.
void log_rows(const NetBatch& batch);

}  // namespace pgmirror::sinks::postgres

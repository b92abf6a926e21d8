#include "sinks/postgres/mirror_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/apply_log.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/early_apply.hpp"
#include "sinks/postgres/enum_labels.hpp"
#include "sinks/postgres/parked_changes.hpp"
#include "sinks/postgres/replica_role.hpp"
#include "sinks/postgres/schema_script_run.hpp"
#include "sinks/postgres/serial_apply.hpp"
#include "sinks/postgres/source_questions.hpp"
#include "sinks/postgres/tls_in_use.hpp"
#include "sinks/postgres/worker_sessions.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// Enough that a round trip of 200 ms leaves the server something to do.
constexpr std::size_t most_batches_in_flight = 4;
constexpr std::size_t most_bytes_in_flight = std::size_t{24} << 20U;
constexpr milliseconds short_wait{3};
constexpr milliseconds idle_wait{200};
/// Not a matter of the order of rows any more, then.
constexpr unsigned attempts_before_copy = 2;
constexpr seconds flush_check_interval{5};
constexpr seconds drain_limit{5};
constexpr seconds recount_interval{5};

bool may_set_replica_role(libpq::Connection& connection) {
  libpq::DatabaseTransaction transaction(connection);
  return set_replica_role(connection);
}

/// The shorter of two: one may have waited for a processor.
steady_clock::duration round_trip(libpq::Connection& connection) {
  auto shortest = steady_clock::duration::max();
  for (int question = 0; question < 2; ++question) {
    const auto asked = steady_clock::now();
    connection.execute("SELECT");
    shortest = std::min(shortest, steady_clock::now() - asked);
  }
  return shortest;
}

Ownership claim(libpq::Connection& connection, const config::Mirror& mirror, const change::SourceIdentity& identity,
                Claimant& claimant, WorkerOrders& orders, bool& start_over, Checkpoint& checkpoint) {
  create_control_schema(connection);
  start_over = orders.start_over_wanted();
  if (start_over) claimant.takes_over = true;
  if (const auto ended = end_abandoned_sessions(connection, mirror, claimant); ended > 0) {
    spdlog::info("[MirrorConnection] Ended {} sessions that an earlier connection had left in the mirror", ended);
  }
  checkpoint = start_over ? replace_source(connection, mirror.name, identity, claimant)
                          : claim_checkpoint(connection, mirror.name, identity, claimant);
  claimant.takes_over = false;
  // Carried out only now: an order must not be lost with a connection.
  if (start_over) orders.started_over();
  return {.mirror = mirror.name,
          .epoch = checkpoint.epoch,
          .replica_role = may_set_replica_role(connection),
          .round_trip = round_trip(connection)};
}

}  // namespace

MirrorSession::MirrorSession(const Surroundings& around)
    : mirror_(around.mirror),
      queue_(around.queue),
      source_(around.source),
      board_(around.board),
      orders_(around.orders),
      trouble_(around.trouble),
      connection_(open_worker_session(around.mirror)),
      second_(around.mirror),
      ownership_(
          claim(connection_, around.mirror, around.identity, around.claimant, around.orders, start_over_, claimed_)),
      position_(claimed_.position),
      schema_(around.mirror),
      tables_(schema_, around.mirror.name),
      flush_watch_(position_),
      planned_(around.source, around.orders),
      copy_({connection_, mirror_, queue_, source_, board_, schema_, ownership_}),
      comparisons_(connection_, mirror_, ownership_, schema_, tables_, board_, orders_),
      progress_(board_) {
  spdlog::info("[MirrorConnection] Successfully connected to mirror database");
  board_.update([&](MirrorStatus& status) {
    status.position = position_;
    status.flushed_position = position_;
    status.tls = tls_in_use(connection_);
    status.attempts = 0;
    status.next_attempt.reset();
    status.reason.clear();
  });
}

MirrorSession::~MirrorSession() = default;

void MirrorSession::run(std::stop_token stop) {
  orders_.remind();
  if (const auto refusing = std::exchange(trouble_.object, std::nullopt)) {
    const auto relations = snapshot_of(source_)->relations();
    if (drop_refusing_object(connection_, schema_, relations, position_, *refusing)) trouble_.over();
  }
  if (trouble_.type) {
    // Its type may have gained labels that no change has told of.
    learn_labels(connection_, mirror_.name, position_, ask_source([&] { return source_.type_additions(); }));
  }
  if (trouble_.attempts >= attempts_before_copy && trouble_.constraint &&
      tables_.await_copy_for(connection_, *trouble_.constraint)) {
    trouble_.over();
  }
  if (position_ == change::Position{}) {
    const auto start = copy_.all(position_, start_over_, stop);
    if (!start) return;
    position_ = *start;
    flush_watch_ = FlushWatch(position_);
  }
  tables_.load(connection_);
  cursor_.emplace(queue_.open_cursor(position_));
  check_history();
  collector_.emplace(*cursor_, tables_);
  // Tables that the rules let in since the last run, or that an interrupted copy left out.
  if (source_.tells_gaps()) {
    if (tables_.any_awaits_copy() || any_not_whole(connection_, mirror_.name)) planned_.await_copy();
  } else if (auto snapshot = snapshot_of(source_); !tables_.all_live(snapshot->relations())) {
    planned_.plan({.snapshot = std::move(snapshot)});
  }
  apply(stop);
}

/// A SQLite store's commits are counted, so a state directory that was restored from an older backup comes to the same
/// positions again, with other commits; what stands between would never reach the mirror.
void MirrorSession::check_history() const {
  const auto queued = cursor_->start_time();
  if (position_ != claimed_.position || !claimed_.commit_time || !queued || queued == claimed_.commit_time) return;
  throw IdentityError(
      fmt::format("mirror \"{}\": its last commit, {}, is another one than the queue has at this position, as if the "
                  "state directory had been restored from an older backup; put the right one back, or run \"pgmirror "
                  "resync --all\" to compare everything again",
                  mirror_.name, to_string(position_)));
}

/// Nothing where its snapshot is still being opened.
void MirrorSession::carry_out_plan(std::stop_token stop) {
  if (!planned_.planned()) return;
  leave_pipeline();
  PlannedWork::Task planned = planned_.take();
  if (copy_.names_change(*planned.snapshot)) return planned_.put_off(std::move(planned));
  if (planned.verification) {
    return comparisons_.begin(std::move(planned.snapshot), std::move(*planned.verification), stop);
  }
  comparisons_.give_way();
  const SourceCopy::Outcome copied = copy_.tables(planned, position_, stop);
  // Tables that the source has not any more wait in vain.
  if (copied.complete) planned_.copied(!copied.again);
  if (copied.complete && planned.ordered) orders_.resync_done();
  tables_.load(connection_);
  collector_->restart(position_);
  progress_.publish(tables_);
}

void MirrorSession::apply(std::stop_token stop) {
  progress_.publish(tables_);
  while (!stop.stop_requested()) {
    // The next session takes the order.
    if (orders_.start_over_wanted()) return leave_pipeline();
    comparisons_.look();
    if (orders_.paused()) {
      leave_pipeline();
      board_.update([](MirrorStatus& status) { status.state = MirrorState::paused; });
      // Not at the queue, which goes on filling.
      orders_.wait_while_paused(stop, idle_wait);
      continue;
    }
    planned_.take_orders(comparisons_.running());
    board_.update([](MirrorStatus& status) { status.state = MirrorState::streaming; });
    // At least one step: an order may have to wait for the work that is planned.
    while (step(stop) && !stop.stop_requested() && !orders_.pending()) {
    }
  }
  drain();
  progress_.forget();
}

/// False when orders are to be looked at.
bool MirrorSession::step(std::stop_token stop) {
  check_flushed();
  comparisons_.look();
  const change::Position sent = pipeline_ ? pipeline_->sent_position() : position_;
  planned_.look_for_snapshot(position_, queue_.end());
  if (batch_.empty() && planned_.waits_at(sent)) {
    leave_pipeline();
    // Not at the queue, which may hold what has to wait.
    std::this_thread::sleep_for(short_wait);
    return false;
  }
  if (batch_.empty() && planned_.is_due_at(sent)) carry_out_plan(stop);
  if (trouble_.stands_alone() && trouble_.active_at(position_) && batch_.empty()) {
    leave_pipeline();
    if (queue_.end() > position_ && !apply_alone()) carry_out_plan(stop);
    return true;
  }
  const BatchCollector::Stopped stopped = collector_->collect(batch_, limits());
  if (stopped == BatchCollector::Stopped::paused) {
    if (pipeline_) receive(milliseconds{0});
    return true;
  }
  if (!batch_.empty() && due(stopped)) {
    send(order_of_batch(stopped));
    const bool full = stopped == BatchCollector::Stopped::full;
    growth_.sent(full);
    if (growth_.far_behind() && may_use_second()) second_.open();
    // A batch that found a column to be widened first was not sent.
    if (pipeline_) receive(milliseconds{0});
    return true;
  }
  if (batch_.empty() && stopped == BatchCollector::Stopped::unknown_relation) {
    handle_unknown();
    return true;
  }
  if (batch_.empty() && stopped == BatchCollector::Stopped::serial) {
    leave_pipeline();
    if (!apply_alone()) carry_out_plan(stop);
    return true;
  }
  if (batch_.empty() && planned_.planned() && stopped == BatchCollector::Stopped::beyond) {
    carry_out_plan(stop);
    return true;
  }
  if (pipeline_ && pipeline_->in_flight() > 0) {
    receive(batch_.empty() ? short_wait : time_left());
    return true;
  }
  if (batch_.empty()) {
    if (may_apply_early() && apply_early(stop)) return true;
    progress_.publish(tables_);
    recount_parked();
    if (may_apply_early()) {
      queue_.wait_for_more(position_, EarlyApply::least_bytes, stop, idle_wait);
    } else {
      cursor_->wait(stop, idle_wait);
    }
    return false;
  }
  cursor_->wait(stop, time_left());
  return true;
}

BatchLimits MirrorSession::limits() const {
  BatchLimits limits;
  growth_.limit(limits);
  if (trouble_.active_at(position_)) {
    limits.transactions = trouble_.transactions;
    limits.until = trouble_.end;
  }
  limits.until = std::min(limits.until, planned_.until());
  return limits;
}

/// A batch goes when it is full, when what follows it has to wait for it, or when the last one is long enough ago.
bool MirrorSession::due(BatchCollector::Stopped stopped) const {
  if (pipeline_ && trouble_.active_at(position_) && pipeline_->in_flight() > 0) return false;
  if (pipeline_ &&
      (pipeline_->in_flight() >= most_batches_in_flight || pipeline_->bytes_in_flight() >= most_bytes_in_flight)) {
    return false;
  }
  if (pipeline_ && !pipeline_->takes(order_of_batch(stopped))) return false;
  return stopped != BatchCollector::Stopped::at_end || steady_clock::now() >= pace_.due();
}

/// Beside the one before where there is much to do: for a few rows the turns that they take cost more than they gain.
/// Only where foreign keys and triggers are silent, which look at other rows.
BatchOrder MirrorSession::order_of_batch(BatchCollector::Stopped stopped) const {
  const bool beside = stopped == BatchCollector::Stopped::full && may_use_second() &&
                      position_ >= trouble_.in_turn_until && !trouble_.active_at(position_);
  return beside ? BatchOrder::beside : BatchOrder::behind;
}

milliseconds MirrorSession::time_left() const {
  return std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(pace_.due() - steady_clock::now()));
}

bool MirrorSession::may_use_second() const { return ownership_.replica_role && mirror_.apply_connections > 1; }

void MirrorSession::send(BatchOrder order) {
  if (!pipeline_) pipeline_.emplace(connection_, ownership_, position_);
  if (order == BatchOrder::beside && !pipeline_->has_second()) {
    if (libpq::Connection* second = second_.get()) pipeline_->use_also(*second);
  }
  log_rows(batch_);
  const ApplyMode mode = trouble_.active_at(position_) ? ApplyMode::replace : ApplyMode::direct;
  try {
    pipeline_->send(batch_, mode, order,
                    [this](const MirrorTable& table) { return tables_.by_name(*table.relation).may_have_odd; });
    for (const MirrorTablePtr& table : pipeline_->sent_odd_values()) {
      tables_.by_name(*table->relation).may_have_odd = true;
    }
  } catch (const NullNotAllowed& refusal) {
    leave_pipeline();
    comparisons_.give_way();
    libpq::DatabaseTransaction transaction(connection_);
    schema_.allow_null(connection_, *refusal.table, refusal.table->columns[refusal.column], position_);
    transaction.commit();
    tables_.load(connection_);
    collector_->restart(position_);
  }
  pace_.sent(batch_.changes(), steady_clock::now());
  batch_.clear();
}

void MirrorSession::receive(milliseconds timeout) {
  while (const std::optional<Applied> outcome = pipeline_->receive(timeout)) {
    applied(*outcome);
    timeout = milliseconds{0};
  }
}

void MirrorSession::drain() {
  const auto deadline = steady_clock::now() + drain_limit;
  while (pipeline_ && pipeline_->in_flight() > 0 && steady_clock::now() < deadline) receive(idle_wait);
}

void MirrorSession::leave_pipeline() {
  while (pipeline_ && pipeline_->in_flight() > 0) receive(idle_wait);
  if (pipeline_) pipeline_->give_back();
  pipeline_.reset();
}

void MirrorSession::handle_unknown() {
  leave_pipeline();
  tables_.describe(connection_, collector_->unknown());
  if (tables_.take_copy_asked()) planned_.await_copy();
}

/// False where the next transaction ends behind the snapshot that is planned with.
bool MirrorSession::apply_alone() {
  comparisons_.give_way();
  SerialApply serial(connection_, ownership_, schema_, tables_);
  std::optional<SerialApply::Refusals> refusals;
  const bool to_copy = trouble_.type && source_.tells_gaps();
  const unsigned enough = to_copy ? attempts_before_copy : Trouble::most_attempts;
  if (trouble_.active_at(position_) && trouble_.attempts >= enough) {
    refusals = {.rule = mirror_.on_poison, .attempts = trouble_.attempts};
  }
  collector_->restart(position_);
  const auto outcome = serial.apply_next(*cursor_, position_, planned_.until(), refusals);
  if (!outcome) return false;
  if (tables_.take_copy_asked()) planned_.await_copy();
  if (outcome->rows_parked + outcome->tables_stopped > 0) {
    spdlog::error("[MirrorApply] {} rows parked, {} tables stopped: see \"pgmirror status\"", outcome->rows_parked,
                  outcome->tables_stopped);
    board_.update([&](MirrorStatus& status) { status.parked += outcome->rows_parked; });
    last_recount_ = {};
  }
  applied(outcome->applied);
  collector_->restart(position_);
  progress_.publish(tables_);
  return true;
}

bool MirrorSession::may_apply_early() const {
  return planned_.none() && !trouble_.active_at(position_) && whole_behind_ != position_;
}

/// False where no large transaction is being received.
bool MirrorSession::apply_early(const std::stop_token& stop) {
  auto open = queue_.open_transaction(position_, EarlyApply::least_bytes);
  if (!open) return false;
  leave_pipeline();
  comparisons_.give_way();
  EarlyApply early(connection_, ownership_, schema_, tables_, source_.tells_gaps() ? RowPass::in_order : RowPass::all);
  const auto outcome = early.apply(*open, position_, [&] { return stop.stop_requested() || orders_.pending(); });
  if (tables_.take_copy_asked()) planned_.await_copy();
  if (outcome) {
    applied(*outcome);
  } else {
    whole_behind_ = position_;
  }
  collector_->restart(position_);
  progress_.publish(tables_);
  return true;
}

void MirrorSession::applied(const Applied& outcome) {
  position_ = outcome.last.position;
  trouble_.attempts = 0;
  progress_.applied(outcome);
}

void MirrorSession::check_flushed() {
  const auto now = steady_clock::now();
  if (flush_watch_.flushed() >= position_ || now - last_flush_check_ < flush_check_interval) return;
  last_flush_check_ = now;
  leave_pipeline();
  flush_watch_.check(connection_, position_);
  board_.update([&](MirrorStatus& status) { status.flushed_position = flush_watch_.flushed(); });
}

/// People retry and discard parked changes beside us.
void MirrorSession::recount_parked() {
  const auto now = steady_clock::now();
  if (now - last_recount_ < recount_interval) return;
  last_recount_ = now;
  leave_pipeline();
  const std::uint64_t parked = count_parked(connection_, mirror_.name);
  board_.update([&](MirrorStatus& status) { status.parked = parked; });
}

}  // namespace pgmirror::sinks::postgres

#include "sinks/postgres/mirror_worker.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <random>

#include "sinks/postgres/backoff.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/initial_copy.hpp"
#include "sinks/postgres/source_questions.hpp"

namespace pgmirror::sinks::postgres {

namespace {

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::uint64_t seed_of(const std::string& name) { return std::hash<std::string>{}(name); }

/// What an exception means for the worker. Anything unknown is for a person to look at.
Failure failure_of(std::exception_ptr error, Trouble& trouble) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const BatchRefused& refused) {
    Failure failure = classify(refused.error);
    if (failure.kind == FailureKind::poison) trouble.refused(refused);
    return failure;
  } catch (const BatchesEntangled& entangled) {
    trouble.in_turn_until = entangled.end;
    return {.kind = FailureKind::transient, .slow = false, .sentence = entangled.what()};
  } catch (const libpq::DatabaseError& refused) {
    trouble.refused(refused);
    return classify(refused);
  } catch (const SourceUnavailable& unavailable) {
    return {.kind = FailureKind::transient,
            .slow = false,
            .sentence = fmt::format("the source gives no snapshot: {}", unavailable.what())};
  } catch (const IdentityError& refused) {
    return {.kind = FailureKind::identity, .slow = false, .sentence = refused.what()};
  } catch (const queue::PositionUnavailable& refused) {
    return {.kind = FailureKind::identity,
            .slow = false,
            .sentence = fmt::format("{}; run \"pgmirror resync --all\" to compare everything again", refused.what())};
  } catch (const std::exception& other) {
    return {.kind = FailureKind::fatal, .slow = false, .sentence = other.what()};
  }
}

/// All other rows wait while a refused one is tried again.
constexpr std::chrono::milliseconds longest_after_refusal{1000};

std::chrono::milliseconds delay_after(const Failure& failure, Backoff& backoff) {
  if (failure.slow || failure.kind == FailureKind::fatal) return backoff.slow();
  const auto delay = backoff.next();
  const bool soon = failure.kind == FailureKind::poison || failure.conflict;
  return soon ? std::min(delay, longest_after_refusal) : delay;
}

}  // namespace

MirrorWorker::MirrorWorker(const config::Mirror& mirror, queue::QueueReader queue, change::SnapshotProvider& source,
                           change::SourceIdentity identity, std::filesystem::path orders)
    : mirror_(mirror),
      queue_(std::move(queue)),
      source_(source),
      identity_(std::move(identity)),
      board_(MirrorStatus{.name = mirror.name, .address = mirror.connection.address()}),
      orders_(std::move(orders)),
      claimant_{.owner = random_name()} {}

void MirrorWorker::run(std::stop_token stop) {
  Backoff backoff(seed_of(mirror_.name));
  while (!stop.stop_requested()) {
    const change::Position before = status().position;
    Failure failure;
    try {
      board_.update([](MirrorStatus& status) { status.state = MirrorState::connecting; });
      MirrorSession session({mirror_, queue_, source_, identity_, board_, orders_, trouble_, claimant_});
      session.run(stop);
      continue;
    } catch (...) {
      failure = failure_of(std::current_exception(), trouble_);
    }
    if (status().position > before) backoff.reset();
    report(failure, delay_after(failure, backoff));
    wait(stop, failure);
  }
  board_.update([](MirrorStatus& status) { status.state = MirrorState::finished; });
}

void MirrorWorker::report(const Failure& failure, std::chrono::milliseconds delay) {
  const bool passes = failure.kind == FailureKind::transient || failure.kind == FailureKind::poison;
  next_attempt_ = std::chrono::steady_clock::now() + delay;
  board_.update([&](MirrorStatus& status) {
    status.state = passes ? MirrorState::waiting : MirrorState::failed;
    status.reason = failure.sentence;
    ++status.attempts;
    ++status.retries;
    status.next_attempt = std::chrono::system_clock::now() + delay;
  });
  const double seconds = std::chrono::duration<double>(delay).count();
  if (passes) {
    spdlog::warn("[MirrorConnection] {}; next attempt in {:.1f} s", failure.sentence, seconds);
  } else if (failure.kind == FailureKind::fatal) {
    spdlog::error("[MirrorConnection] {}; looking again in {:.0f} s", failure.sentence, seconds);
  } else {
    spdlog::error("[MirrorConnection] {}; stopped until \"pgmirror resume\" or a restart", failure.sentence);
  }
}

/// A mirror that belongs to somebody else is left alone: claiming it again would only fence the other out.
void MirrorWorker::wait(std::stop_token stop, const Failure& failure) {
  const bool for_ever = failure.kind == FailureKind::identity;
  orders_.wait_for_resume(stop, for_ever ? std::nullopt : std::optional(next_attempt_));
  // Whoever resumes a mirror that was taken over means it.
  if (for_ever) claimant_.takes_over = true;
}

}  // namespace pgmirror::sinks::postgres

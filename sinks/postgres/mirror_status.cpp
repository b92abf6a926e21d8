#include "sinks/postgres/mirror_status.hpp"

namespace pgmirror::sinks::postgres {

const char* to_string(MirrorState state) {
  switch (state) {
    case MirrorState::connecting:
      return "connecting";
    case MirrorState::copying:
      return "copying";
    case MirrorState::streaming:
      return "streaming";
    case MirrorState::waiting:
      return "waiting";
    case MirrorState::paused:
      return "paused";
    case MirrorState::failed:
      return "failed";
    case MirrorState::finished:
      return "finished";
  }
  return "unknown";
}

}  // namespace pgmirror::sinks::postgres

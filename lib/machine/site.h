// Sites: the stable names of the places where a machine may decide something.
//
// A site names a thing (a lock, a shared word, a limit), not a line of code. A decision point is a
// site plus a verb ("slab.list_lock" + trylock). Points are identified by this pair and by their
// occurrence within an operation, never by file and line, so that a recorded program survives
// edits.
//
// Each layer lists its sites in its own sites.h, inside its own id range, and never reuses an id:
//   operation boundaries 0, sync 1..7, defer 8..27, targets of fuzzers 28..31,
//   page 32..63, slab 64..127, bpf 128..159 and 200..239, page's mappings and groups 160..191,
//   kernel sources 192..199, tests 240..255.
#pragma once

#include <cstdint>
#include <string_view>

namespace anyctx::machine {

/// A named place. Structural, so that it can be a template argument of the typed wrappers.
struct Site {
  std::uint8_t id;
  friend constexpr bool operator==(Site, Site) = default;
};

enum class SiteKind : std::uint8_t {
  word,        // shared word: load, store, cas, rmw
  lock,        // spinlock, sleeps on RT: trylock, lock, unlock
  raw_lock,    // spinlock on RT too: trylock, lock, unlock
  mutex,       // sleeping lock: trylock, lock, unlock
  local_lock,  // per-CPU lock: trylock, lock, unlock, test
  limit,       // a condition under which an operation legally fails
  probe,       // a named place inside a critical section, for interruption only
  irq_work,    // deferred work: raise, begin, end
  worker,      // deferred work that may sleep: raise
  operation,   // the boundaries of an operation: begin, end
};

/// What happens at a site. At most four verbs per kind; the value is the offset within the site.
enum class Verb : std::uint8_t {
  load = 0,
  store = 1,
  cas = 2,
  rmw = 3,
  trylock = 0,
  lock = 1,
  unlock = 2,
  test = 3,
  limit = 0,
  probe = 0,
  raise = 0,
  begin = 1,
  end = 2,
};

inline constexpr unsigned kVerbsPerSite = 4;
inline constexpr unsigned kMaxSites = 256;
inline constexpr unsigned kMaxPoints = kMaxSites * kVerbsPerSite;

/// A decision point: site and verb in one small number.
using PointId = std::uint16_t;

constexpr PointId point(Site site, Verb verb) {
  return static_cast<PointId>(site.id * kVerbsPerSite + static_cast<unsigned>(verb));
}

/// One bit per verb that algorithms use on a site; the catalogue of points is derived from it.
constexpr std::uint8_t verbs() {
  return 0;
}
template <class... Rest>
constexpr std::uint8_t verbs(Verb first, Rest... rest) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(first)) | verbs(rest...);
}

/// One row of a layer's site table.
struct SiteInfo {
  Site site;
  SiteKind kind;
  std::string_view name;  // "layer.thing", lower case, unique
  std::uint8_t verbs;     // what is done here, see verbs()
  std::string_view what;  // one clause for `anyctx points`
};

/// Name of a verb at a site of this kind; empty for kinds with one nameless verb.
constexpr std::string_view verb_name(SiteKind kind, unsigned offset) {
  constexpr std::string_view word[] = {"load", "store", "cas", "rmw"};
  constexpr std::string_view lock[] = {"trylock", "lock", "unlock", "test"};
  constexpr std::string_view work[] = {"raise", "begin", "end", ""};
  constexpr std::string_view boundary[] = {"", "begin", "end", ""};
  switch (kind) {
    case SiteKind::word:
      return word[offset];
    case SiteKind::lock:
    case SiteKind::raw_lock:
    case SiteKind::mutex:
    case SiteKind::local_lock:
      return lock[offset];
    case SiteKind::irq_work:
    case SiteKind::worker:
      return work[offset];
    case SiteKind::operation:
      return boundary[offset];
    case SiteKind::limit:
    case SiteKind::probe:
      return {};
  }
  return {};
}

/// The site of operation boundaries. It belongs to no layer: every machine that runs operations
/// has it.
inline constexpr Site site_op{0};
inline constexpr SiteInfo kOperationTable[] = {
    {site_op, SiteKind::operation, "op", verbs(Verb::begin, Verb::end),
     "before the first and after the last step of an operation"},
};

/// True if the primitive at this point may legally fail, so that a failure can be injected.
constexpr bool may_fail(SiteKind kind, unsigned offset) {
  switch (kind) {
    case SiteKind::word:
      return offset == static_cast<unsigned>(Verb::cas);
    case SiteKind::lock:
    case SiteKind::raw_lock:
    case SiteKind::mutex:
    case SiteKind::local_lock:
      return offset == static_cast<unsigned>(Verb::trylock);
    case SiteKind::limit:
      return true;
    case SiteKind::probe:
    case SiteKind::irq_work:
    case SiteKind::worker:
    case SiteKind::operation:
      return false;
  }
  return false;
}

}  // namespace anyctx::machine

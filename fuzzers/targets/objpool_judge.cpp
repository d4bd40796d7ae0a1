#include "fuzzers/targets/objpool_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "fuzzers/model/content.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

// What the kernel allows.
constexpr std::uint32_t kMostCount = 1 << 24;
constexpr std::uint32_t kMostSize = 1 << 16;
// An error that only the preparation of an object knows.
constexpr int kRefusal = -EXDEV;
// Own steps of undisturbed calls.
constexpr std::uint32_t kMostPushSteps = 24;
constexpr std::uint32_t kMostPopSteps = 24;

}  // namespace

void ObjPoolJudge::stop(VerdictKind kind, const char* rule, std::string expected,
                        std::string found) const {
  simulation_.stop(kind, rule, std::move(expected), std::move(found));
}

ObjPoolJudge::Object* ObjPoolJudge::find(const void* at) {
  const std::span<Object> all(objects_.data(), count_);
  const auto found = std::ranges::find(all, at, &Object::at);
  return found == all.end() ? nullptr : &*found;
}

std::string ObjPoolJudge::name_of(const void* object) {
  if (object == nullptr) return "none";
  const Object* const known = find(object);
  return known == nullptr ? "something else" : fmt::format("object {}", known - objects_.data());
}

// --- The pool ------------------------------------------------------------------------------------

int ObjPoolJudge::prepare(void* object, void* judge) {
  return static_cast<ObjPoolJudge*>(judge)->on_prepare(object);
}

int ObjPoolJudge::on_prepare(void* at) {
  const inject::Unwatched unwatched;
  if (prepared_ == count_) {
    stop(VerdictKind::conservation, "a pool prepares as many objects as it has",
         fmt::format("{}", count_), "one more");
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(at);
  for (std::uint32_t i = 0; i < prepared_; ++i) {
    const auto other = reinterpret_cast<std::uintptr_t>(objects_[i].at);
    if (begin + size_ <= other || other + size_ <= begin) continue;
    stop(VerdictKind::overlap, "objects of a pool do not overlap", "apart",
         fmt::format("{} and {}", i, prepared_));
  }
  if (begin % 8 != 0) {
    stop(VerdictKind::placement, "objects of a pool are aligned to 8 bytes", "aligned", "not");
  }
  Object& object = objects_[prepared_++];
  object = {at, State::settled, 0};
  write_content(object);
  return prepared_ == refused_ ? kRefusal : 0;
}

int ObjPoolJudge::init(std::uint32_t count, std::uint32_t size, std::uint32_t refused) {
  const auto as_int = [](std::uint32_t value) { return static_cast<int>(value); };
  const bool is_valid = count - 1 < kMostCount && size - 1 < kMostSize;
  // Valid ones are kept small.
  if (is_valid) count = std::min(count, kMostPoolObjects);
  if (is_valid) size = std::min(size, kLargestPoolObject);
  count_ = is_valid ? count : 0;
  size_ = size;
  prepared_ = 0;
  refused_ = refused;
  const std::uint32_t causes = simulation_.causes().count();
  const int result = subject_.objpool_init(as_int(count), as_int(size), prepare, this);
  if (!is_valid || refused - 1 < count || result != 0) {
    int expected = is_valid ? -ENOMEM : -EINVAL;
    if (simulation_.causes().count() == causes && is_valid) {
      expected = refused - 1 < count ? kRefusal : 0;
    }
    // Whichever comes first.
    const bool agrees =
        result == expected || (expected == -ENOMEM && refused - 1 < count && result == kRefusal);
    if (!agrees) {
      stop(expected == 0 ? VerdictKind::spurious_failure : VerdictKind::error_code,
           "a pool is made if its numbers are valid, there is memory and its objects agree",
           fmt::format("{}", expected), fmt::format("{}", result));
    }
    count_ = 0;
    if (inspector_.blocks() != 0) {
      stop(VerdictKind::conservation, "a pool that is not made keeps no memory", "0",
           fmt::format("{}", inspector_.blocks()));
    }
    return result;
  }
  if (prepared_ != count) {
    stop(VerdictKind::conservation, "a pool prepares as many objects as it has",
         fmt::format("{}", count), fmt::format("{}", prepared_));
  }
  check_shares();
  check_rest();
  return 0;
}

void ObjPoolJudge::check_shares() {
  const unsigned cpus = simulation_.config().cpus;
  for (unsigned cpu = 0; cpu < cpus; ++cpu) {
    inspector_.look_at_ring(cpu, ring_);
    const std::size_t share = count_ / cpus + (cpu < count_ % cpus ? 1 : 0);
    if (ring_.objects.size() == share) continue;
    stop(VerdictKind::placement, "CPUs get equal shares of a new pool, the first ones one more",
         fmt::format("{} on CPU {}", share, cpu), fmt::format("{}", ring_.objects.size()));
  }
}

void ObjPoolJudge::fini() {
  const std::span<Object> all(objects_.data(), count_);
  left_ = static_cast<std::uint32_t>(std::ranges::count(all, State::taken, &Object::state));
  const std::int64_t blocks = inspector_.blocks();
  subject_.objpool_fini();
  const std::int64_t expected = left_ == 0 ? 0 : blocks;
  if (inspector_.blocks() == expected) return;
  stop(left_ == 0 ? VerdictKind::conservation : VerdictKind::use_after_free,
       "the memory of a pool that is given up goes with its last object",
       fmt::format("{} pieces", expected), fmt::format("{}", inspector_.blocks()));
}

void ObjPoolJudge::drop(void* at) {
  check_content(*find(at), "an object belongs to whoever popped it");
  const int expected = --left_ == 0 ? 0 : -EAGAIN;
  const int result = subject_.objpool_drop(at);
  if (result != expected) {
    stop(VerdictKind::error_code, "the last object that is dropped frees its pool",
         fmt::format("{}", expected), fmt::format("{}", result));
  }
  if (left_ == 0 && inspector_.blocks() != 0) {
    stop(VerdictKind::conservation,
         "the memory of a pool that is given up goes with its last object", "0",
         fmt::format("{}", inspector_.blocks()));
  }
}

// --- Calls ---------------------------------------------------------------------------------------

std::uint32_t ObjPoolJudge::settled() const {
  const std::span<const Object> all(objects_.data(), count_);
  return static_cast<std::uint32_t>(std::ranges::count(all, State::settled, &Object::state));
}

/// No push is in progress: who pushed has published.
void ObjPoolJudge::settle() {
  for (Object& object : std::span(objects_.data(), count_)) {
    if (object.state == State::unsettled) object.state = State::settled;
  }
}

/// Of this CPU's ring, or the next one that is not empty.
const void* ObjPoolJudge::first_of_rings() {
  const unsigned cpus = simulation_.config().cpus;
  for (unsigned i = 0; i < cpus; ++i) {
    inspector_.look_at_ring((simulation_.cpu() + i) % cpus, ring_);
    if (!ring_.objects.empty()) return ring_.objects.front();
  }
  return nullptr;
}

void* ObjPoolJudge::pop() {
  const bool alone = is_alone();
  const void* const first = alone ? first_of_rings() : nullptr;
  const std::uint32_t settled_before = settled();
  const std::uint32_t steps = simulation_.steps();
  const bool was_disturbed = simulation_.disturbed();
  const std::uint64_t started = users_.pops_started++;
  const std::uint32_t rivals = users_.pops++;
  void* const at = subject_.objpool_pop();
  --users_.pops;
  check_steps(steps, kMostPopSteps);
  if (alone && !was_disturbed && !simulation_.disturbed()) judge_order(first, at);
  if (at == nullptr) {
    judge_null(settled_before, rivals + users_.pops_started - started - 1);
    return nullptr;
  }
  Object* const object = find(at);
  if (object == nullptr) {
    stop(VerdictKind::overlap, "what is popped is an object of the pool", "one of the objects",
         "something else");
  }
  if (object->state == State::taken) {
    stop(VerdictKind::overlap, "an object is popped by one user at a time",
         "an object that nobody has", name_of(at) + ", which somebody has");
  }
  object->state = State::taken;
  check_content(*object, "a pool does not change its objects");
  write_content(*object);
  return at;
}

void ObjPoolJudge::judge_order(const void* expected, const void* found) {
  if (expected == found) return;
  stop(VerdictKind::difference,
       "an undisturbed pop takes the oldest object of its CPU, or of the next one that has any",
       name_of(expected), name_of(found));
}

/// Each object that was in the pool before was taken by somebody who popped meanwhile.
void ObjPoolJudge::judge_null(std::uint32_t settled, std::uint64_t rivals) {
  if (settled <= rivals) return;
  stop(VerdictKind::spurious_failure, "a pop fails only if others took everything meanwhile",
       fmt::format("at most {} objects", rivals), fmt::format("{} objects", settled));
}

void ObjPoolJudge::push(void* at) {
  Object& object = *find(at);
  check_content(object, "an object belongs to whoever popped it");
  const std::uint32_t steps = simulation_.steps();
  object.state = State::unsettled;
  ++users_.pushes;
  const int result = subject_.objpool_push(at);
  --users_.pushes;
  check_steps(steps, kMostPushSteps);
  if (result != 0) {
    stop(VerdictKind::error_code, "a push cannot fail", "0", fmt::format("{}", result));
  }
  if (users_.pushes == 0) settle();
}

void ObjPoolJudge::check_steps(std::uint32_t before, std::uint32_t most) const {
  const std::uint32_t steps = simulation_.steps() - before;
  most *= simulation_.config().step_scale;
  if (simulation_.disturbed() || steps <= most) return;
  stop(VerdictKind::no_progress, "an undisturbed call takes few steps",
       fmt::format("at most {}", most), fmt::format("{}", steps));
}

void ObjPoolJudge::write_content(Object& object) {
  object.content = ++contents_;
  const inject::Watched watched;
  model::fill_content(object.at, size_, object.content);
}

void ObjPoolJudge::check_content(const Object& object, const char* rule) const {
  const auto changed = [&] {
    const inject::Watched watched;
    return model::find_changed(object.at, size_, object.content);
  }();
  if (!changed) return;
  stop(VerdictKind::content, rule, "what was written last",
       fmt::format("another byte at {}", *changed));
}

// --- At rest -------------------------------------------------------------------------------------

void ObjPoolJudge::end_op() {
  if (is_alone() && has_pool()) check_rest();
  ops_.leave();
}

/// Nobody is in a call: each object is in one ring, or somebody has it.
void ObjPoolJudge::check_rest() {
  std::uint64_t seen = 0;
  static_assert(kMostPoolObjects <= 64);
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    inspector_.look_at_ring(cpu, ring_);
    if (ring_.head > ring_.last || ring_.last != ring_.tail || ring_.tail - ring_.head > count_) {
      stop(VerdictKind::structure, "a ring holds no more than there is, and publishes all of it",
           fmt::format("head <= last = tail <= head + {}", count_),
           fmt::format("head {}, last {}, tail {}", ring_.head, ring_.last, ring_.tail));
    }
    for (const void* const at : ring_.objects) {
      const Object* const object = find(at);
      const auto index = static_cast<unsigned>(object - objects_.data());
      const std::uint64_t bit = object != nullptr ? std::uint64_t{1} << index : 0;
      if (object != nullptr && object->state != State::taken && (seen & bit) == 0) {
        seen |= bit;
        continue;
      }
      stop(VerdictKind::conservation, "rings hold what was pushed and not popped, once",
           "an object of the pool", name_of(at) + ", which is not free or comes twice");
    }
  }
  const auto found = static_cast<std::uint32_t>(__builtin_popcountll(seen));
  const std::uint32_t expected = settled();
  if (found == expected) return;
  stop(VerdictKind::conservation, "what was pushed and not popped is in the rings",
       fmt::format("{} objects", expected), fmt::format("{}", found));
}

}  // namespace anyctx::target

#include "fuzzers/targets/hashtab_judge.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "fuzzers/targets/reclaim_sites.h"
#include "inject/sim/sim_machine.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

constexpr std::uint64_t kNoExist = 1;
constexpr std::uint64_t kExist = 2;

bool is_of_lock(int result) {
  return result == -EDEADLK || result == -ETIMEDOUT || result == -EBUSY;
}

}  // namespace

void HashTabJudge::stop(VerdictKind kind, const char* rule, std::string expected,
                        std::string found) const {
  simulation_.stop(kind, rule, std::move(expected), std::move(found));
}

void HashTabJudge::reset(const HashTabOptions& options) {
  options_ = options;
  model_.reset();
  ops_ = 0;
  writes_ = 0;
  writes_started_ = 0;
  if (options_.prealloc) check_shares();
}

void HashTabJudge::check_shares() {
  const unsigned cpus = simulation_.config().cpus;
  for (unsigned cpu = 0; cpu < cpus; ++cpu) {
    inspector_.list_free(cpu, list_);
    const std::uint32_t entries = options_.max_entries;
    const std::size_t share = entries / cpus + (cpu < entries % cpus ? 1 : 0);
    if (list_.size() == share) continue;
    stop(VerdictKind::placement, "CPUs get equal shares of the free elements, the first one more",
         fmt::format("{} on CPU {}", share, cpu), fmt::format("{}", list_.size()));
  }
}

void HashTabJudge::end_op() {
  if (ops_ == 1) check_rest();
  --ops_;
}

// --- Updates -------------------------------------------------------------------------------------

HashTabJudge::Before HashTabJudge::look() const {
  const inject::MachineConfig& machine = simulation_.config();
  Before before;
  before.causes = simulation_.causes().count();
  before.writes = writes_started_;
  before.others = writes_ != 0;
  // Nolock allocations are refused on RT with interrupts off, on UP in an NMI, and fail for want of
  // locks where there is no double-word swap.
  before.short_of_memory = machine.rt || !machine.cas2 ||
                           (!machine.smp && simulation_.context() == machine::Context::nmi) ||
                           !inspector_.has_room();
  return before;
}

bool HashTabJudge::has_cause(const Before& before) const {
  return simulation_.causes().count() != before.causes;
}

bool HashTabJudge::was_injected(const Before& before) const {
  const inject::Causes& causes = simulation_.causes();
  if (causes.count() != causes.kept().size()) return true;
  return std::ranges::any_of(causes.kept().subspan(before.causes),
                             [](const inject::Cause& cause) { return cause.injected; });
}

int HashTabJudge::update(std::uint64_t key, std::uint64_t flags) {
  const Call call{.key = key, .flags = flags, .after = model_.next_serial(key)};
  std::array<std::uint64_t, kMostValueWords> value{};
  for (std::uint32_t i = 0; i < options_.value_words; ++i) {
    value[i] = HashTabModel::word_of(call.after, i);
  }
  return write(call, [&] { return subject_.htab_map_update_elem(key, value.data(), flags); });
}

int HashTabJudge::remove(std::uint64_t key) {
  const Call call{.key = key, .after = HashTabModel::kAbsent, .removes = true};
  return write(call, [&] { return subject_.htab_map_delete_elem(key); });
}

template <class F>
int HashTabJudge::write(const Call& call, F perform) {
  const Before before = look();
  const bool first = model_.at(call.key).calls == 0;
  const std::uint64_t started = model_.at(call.key).started;
  model_.begin(call.key, call.after);
  ++writes_;
  ++writes_started_;
  const int result = perform();
  --writes_;
  judge_result(call, before, result);
  settle(call, first && model_.at(call.key).started == started + 1, result);
  return result;
}

void HashTabJudge::judge_result(const Call& call, const Before& before, int result) {
  if (call.flags > kExist || result == -EINVAL) {
    if (call.flags > kExist && result == -EINVAL) return;
    stop(VerdictKind::error_code, "unknown flags are refused, and nothing else is",
         fmt::format("flags {}: {}", call.flags, call.flags > kExist ? -EINVAL : 0),
         fmt::format("{}", result));
  }
  if (!is_possible(call, result)) {
    stop(VerdictKind::error_code, "an update does what its flags say about a key that is there",
         fmt::format("key {} {}", call.key,
                     model_.at(call.key).may_be_present() ? "may be there" : "is not there"),
         fmt::format("{}", result));
  }
  if (is_of_lock(result)) return judge_lock(before, result);
  if (result == -E2BIG) return judge_full(before);
  if (result == -ENOMEM) return judge_no_memory(before);
}

/// Whether the key may have been as this result says, at some moment of the call.
bool HashTabJudge::is_possible(const Call& call, int result) const {
  HashTabModel model = model_;
  model.forget(call.key, call.after);
  const HashTabModel::Key& key = model.at(call.key);
  const bool must_exist = call.removes || call.flags == kExist;
  const bool must_not = call.flags == kNoExist;
  switch (result) {
    case 0:
      return (!must_exist || key.may_be_present()) && (!must_not || key.may_be_absent());
    case -EEXIST:
      return must_not && key.may_be_present();
    case -ENOENT:
      return must_exist && key.may_be_absent();
    case -E2BIG:
      return !must_exist && key.may_be_absent();
    case -ENOMEM:
      return !call.removes && !options_.prealloc;
    case -EBUSY:
      return options_.guarded || (options_.prealloc && !must_not && !call.removes);
    case -EDEADLK:
    case -ETIMEDOUT:
      return !options_.guarded;
    default:
      return false;
  }
}

/// Nobody else uses a lock that this call could meet.
void HashTabJudge::judge_lock(const Before& before, int result) const {
  if (!has_cause(before)) {
    stop(VerdictKind::spurious_failure, "who does not get a lock has a cause", "a cause", "none");
  }
  if (overlapped(before) || was_injected(before)) return;
  stop(VerdictKind::spurious_failure, "an update that nobody else is beside gets its lock", "0",
       fmt::format("{}", result));
}

/// Those that are beside it may have, or want, an element each. Locks of lists may not be had.
void HashTabJudge::judge_full(const Before& before) const {
  if (overlapped(before) || (options_.prealloc && has_cause(before))) return;
  const std::uint32_t present = model_.most_present() - 1;  // without the one that failed
  if (present >= options_.max_entries) return;
  stop(VerdictKind::spurious_failure, "a table is full when it has as many keys as it may",
       fmt::format("{} keys", options_.max_entries), fmt::format("{}", present));
}

void HashTabJudge::judge_no_memory(const Before& before) const {
  if (!has_cause(before)) {
    stop(VerdictKind::spurious_failure, "an update that finds no memory has a cause", "a cause",
         "none");
  }
  if (before.short_of_memory || simulation_.disturbed() || ops_ > 1 || was_injected(before)) return;
  stop(VerdictKind::spurious_failure, "an undisturbed update finds memory while there is some", "0",
       "-ENOMEM");
}

void HashTabJudge::settle(const Call& call, bool alone, int result) {
  const Serial before = model_.at(call.key).current();
  if (result != 0) model_.forget(call.key, call.after);
  if (!model_.end(call.key)) return;
  const Serial found = found_in_bucket(call.key);
  const Serial expected = result == 0 ? call.after : before;
  if (alone ? found != expected : !model_.at(call.key).may_be(found)) {
    stop(result != 0 ? VerdictKind::failure_atomicity : VerdictKind::difference,
         result != 0 ? "an update that fails changes nothing"
                     : "an update makes its key what it says",
         fmt::format("key {}: value {}", call.key, expected), fmt::format("value {}", found));
  }
  model_.settle(call.key, found);
}

/// While no call on this key is in progress.
HashTabJudge::Serial HashTabJudge::found_in_bucket(std::uint64_t key) {
  static_cast<void>(inspector_.list_bucket(inspector_.bucket_of(key), list_));
  for (const void* const element : list_) {
    if (inspector_.key_of(element) == key) return serial_of(element, key);
  }
  return HashTabModel::kAbsent;
}

/// Which update wrote this value.
HashTabJudge::Serial HashTabJudge::serial_of(const void* element, std::uint64_t key) const {
  const Serial serial = inspector_.word_of(element, 0) & UINT32_MAX;
  for (std::uint32_t i = 0; i < options_.value_words; ++i) {
    const std::uint64_t word = inspector_.word_of(element, i);
    if (word == HashTabModel::word_of(serial, i) && HashTabModel::key_of(serial) == key) continue;
    stop(VerdictKind::content, "a value is one that was written for its key",
         fmt::format("word {} of a value of key {}", i, key), fmt::format("{:#x}", word));
  }
  return serial;
}

// --- Lookups -------------------------------------------------------------------------------------

bool HashTabJudge::lookup(std::uint64_t key, std::uint32_t looks) {
  const std::uint32_t calls = model_.at(key).calls;
  const std::uint64_t started = model_.at(key).started;
  const auto overlapped = [&] { return calls != 0 || model_.at(key).started != started; };
  const HashTabSubject::Token token = subject_.rcu_read_lock();
  const bool was_disturbed = simulation_.disturbed();
  const void* const element = subject_.htab_map_lookup_elem(key);
  const HashTabModel::Key& now = model_.at(key);
  if (element == nullptr) {
    // Those that stand still are in front of the old element, or behind the new one: both are
    // there.
    const bool still = !was_disturbed && !simulation_.disturbed();
    if (!now.may_be_absent() && (still || !overlapped())) {
      stop(VerdictKind::difference, "a key that is there is found", fmt::format("key {}", key),
           "nothing");
    }
  } else {
    check_found(element, key, overlapped());
  }
  const bool others = writes_ != 0;
  const std::uint64_t writes = writes_started_;
  const Serial serial =
      element != nullptr && !(options_.prealloc && others) ? serial_of(element, key) : 0;
  for (std::uint32_t i = 0; i < looks && element != nullptr; ++i) {
    inject::Sim::probe(site::look);
    // It may be used again at once, by whoever updates the table.
    if (options_.prealloc && (others || writes_started_ != writes)) continue;
    if (inspector_.key_of(element) == key &&
        inspector_.word_of(element, 0) == HashTabModel::word_of(serial, 0)) {
      static_cast<void>(serial_of(element, key));
      continue;
    }
    stop(VerdictKind::content, "what a reader found stays as it is while it looks",
         fmt::format("key {}, value {}", key, serial), "something else");
  }
  subject_.rcu_read_unlock(token);
  return element != nullptr;
}

void HashTabJudge::check_found(const void* element, std::uint64_t key, bool overlapped) {
  if (inspector_.key_of(element) != key) {
    stop(VerdictKind::difference, "what is found has the key that was looked for",
         fmt::format("key {}", key), fmt::format("key {}", inspector_.key_of(element)));
  }
  if (overlapped) return;
  const Serial expected = model_.at(key).current();
  const Serial found = expected != HashTabModel::kAbsent ? serial_of(element, key) : 0;
  if (found == expected && expected != HashTabModel::kAbsent) return;
  stop(VerdictKind::difference, "a key is found with the value that it was given last",
       expected == HashTabModel::kAbsent ? "nothing" : fmt::format("value {}", expected),
       fmt::format("value {}", found));
}

// --- At rest -------------------------------------------------------------------------------------

/// Nobody is in a call: each element is in one place.
void HashTabJudge::check_rest() {
  seen_.clear();
  check_buckets(seen_);
  const std::uint32_t present = static_cast<std::uint32_t>(seen_.size());
  if (present > options_.max_entries) {
    stop(VerdictKind::conservation, "a table has no more keys than it may",
         fmt::format("{}", options_.max_entries), fmt::format("{}", present));
  }
  if (options_.prealloc) return check_places(seen_);
  if (inspector_.count() == present) return;
  stop(VerdictKind::counter, "a table counts its elements", fmt::format("{}", present),
       fmt::format("{}", inspector_.count()));
}

void HashTabJudge::check_buckets(HashTabInspector::Elements& seen) {
  for (std::uint32_t bucket = 0; bucket < inspector_.buckets(); ++bucket) {
    if (!inspector_.list_bucket(bucket, list_)) {
      stop(VerdictKind::structure, "a bucket ends, as itself", fmt::format("bucket {}", bucket),
           "another end, or none");
    }
    for (const void* const element : list_) {
      const std::uint64_t key = inspector_.key_of(element);
      const bool known = key < kHashKeys && inspector_.bucket_of(key) == bucket;
      if (!known || model_.at(key).current() == HashTabModel::kAbsent) {
        stop(VerdictKind::structure, "a bucket holds keys that are there and belong in it",
             fmt::format("a key of bucket {}", bucket), fmt::format("key {}", key));
      }
      const Serial serial = serial_of(element, key);
      if (serial != model_.at(key).current()) {
        stop(VerdictKind::structure, "a bucket holds a key once",
             fmt::format("key {}: value {}", key, model_.at(key).current()),
             fmt::format("value {} too", serial));
      }
      seen.push_back(element);
    }
  }
  if (seen.size() == model_.most_present()) return;
  stop(VerdictKind::conservation, "keys that are there are in their buckets, once",
       fmt::format("{} keys", model_.most_present()), fmt::format("{}", seen.size()));
}

/// Of preallocated elements, each is in a bucket, free, or the extra one of a CPU.
void HashTabJudge::check_places(HashTabInspector::Elements& seen) {
  for (std::uint32_t list = 0; list < inspector_.free_lists(); ++list) {
    inspector_.list_free(list, list_);
    seen.insert(seen.end(), list_.begin(), list_.end());
  }
  if (seen.size() != options_.max_entries) {
    stop(VerdictKind::conservation, "as many elements are in buckets or free as there may be keys",
         fmt::format("{}", options_.max_entries), fmt::format("{}", seen.size()));
  }
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    seen.push_back(inspector_.extra(cpu));
  }
  inspector_.list_all(all_);
  std::ranges::sort(seen);
  std::ranges::sort(all_);
  if (seen == all_) return;
  stop(VerdictKind::conservation, "an element is in a bucket, free, or the extra one of a CPU",
       "each of them once", "one of them twice, or not at all");
}

}  // namespace anyctx::target

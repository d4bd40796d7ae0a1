// Each oracle of the stream target fires: streams that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>

#include "fuzzers/targets/stream_schema.h"
#include "fuzzers/targets/stream_target.h"
#include "fuzzers/targets/stream_world.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;

/// Does as the honest subject does, but where a function is set. It is given the honest one.
class Rogue final : public StreamSubject {
 public:
  using Push = int(StreamSubject&, const void*, std::uint32_t);
  explicit Rogue(inject::Simulation& simulation) : honest_(make_own_stream_subject(simulation)) {}

  std::function<Push> on_push;
  std::function<int(StreamSubject&, StageStorage&)> on_commit;
  std::function<int(StreamSubject&, StageStorage&, const void*, std::uint32_t)> on_add;
  std::function<void(StreamSubject&, StageStorage&)> on_free;
  std::function<int(StreamSubject&, std::uint32_t, Copy, void*)> on_read;
  std::uint32_t more_used = 0;
  std::int64_t lost = 0;
  std::string_view wrong;
  std::uint32_t capacity = 0;  // if not what it should be
  bool tells = true;
  bool tells_late = false;  // of the stream before

  void reset(const SlabOptions& options) override { honest_->reset(options); }
  bool create(const StreamSpec& wanted) override {
    StreamSpec own = wanted;
    if (!tells) own.notify = nullptr;
    if (capacity != 0) own.capacity = capacity;
    if (tells_late && was_created_) wanted.notify(wanted.owner);
    was_created_ = true;
    return honest_->create(own);
  }
  void destroy() override { honest_->destroy(); }
  int push(const void* text, std::uint32_t bytes) override {
    return on_push ? on_push(*honest_, text, bytes) : honest_->push(text, bytes);
  }
  void stage_init(StageStorage& stage) override { honest_->stage_init(stage); }
  int stage_add(StageStorage& stage, const void* text, std::uint32_t bytes) override {
    return on_add ? on_add(*honest_, stage, text, bytes) : honest_->stage_add(stage, text, bytes);
  }
  int stage_commit(StageStorage& stage) override {
    return on_commit ? on_commit(*honest_, stage) : honest_->stage_commit(stage);
  }
  void stage_free(StageStorage& stage) override {
    on_free ? on_free(*honest_, stage) : honest_->stage_free(stage);
  }
  int read(std::uint32_t most, Copy copy, void* to) override {
    return on_read ? on_read(*honest_, most, copy, to) : honest_->read(most, copy, to);
  }
  void* kmalloc_nolock(std::size_t size) override { return honest_->kmalloc_nolock(size); }
  void kfree_nolock(void* object) override { honest_->kfree_nolock(object); }
  void deferred_work_barrier() override { honest_->deferred_work_barrier(); }
  std::uint32_t used() const override { return honest_->used() + more_used; }
  bool has_room() const override { return honest_->has_room(); }
  std::string_view audit() const override { return wrong.empty() ? honest_->audit() : wrong; }
  std::int64_t live_objects() const override { return honest_->live_objects() + lost; }

 private:
  std::unique_ptr<StreamSubject> honest_;
  bool was_created_ = false;
};

using Crime = CrimeOf<Rogue>;

const std::string kHead = "anyctx 1 target=stream cpus=1\n";
const std::string kPrint = kHead + "task0: print(16)\n print(8)\n read_all()\n";
const std::string kBatch = kHead + "task0: commit(3, 16)\n read_all()\n";

std::vector<Crime> crimes_of_order() {
  return {
      {"reorders", VerdictKind::structure, "committed first is read first", kPrint,
       [](Rogue& rogue) {
         // The first line is printed when the second one was, but counted at once.
         auto kept = std::make_shared<std::string>();
         rogue.on_push = [kept, &rogue](StreamSubject& honest, const void* text,
                                        std::uint32_t bytes) {
           rogue.more_used = kept->empty() ? bytes : 0;
           if (kept->empty()) {
             kept->assign(static_cast<const char*>(text), bytes);
             return 0;
           }
           static_cast<void>(honest.push(text, bytes));
           return honest.push(kept->data(), static_cast<std::uint32_t>(kept->size()));
         };
       }},
      {"splits_a_batch", VerdictKind::structure, "appears as a whole", kBatch,
       [](Rogue& rogue) {
         // Only the first piece is given to the first reader.
         rogue.on_read = [](StreamSubject& honest, std::uint32_t, StreamSubject::Copy copy,
                            void* to) { return honest.read(16, copy, to); };
       }},
      {"mixes_a_batch", VerdictKind::structure, "appears as a whole",
       kHead + "task0: commit(3, 16)\n read_all()\n",
       [](Rogue& rogue) {
         // The second piece is left out.
         auto count = std::make_shared<int>(0);
         rogue.on_add = [count](StreamSubject& honest, StageStorage& stage, const void* text,
                                std::uint32_t bytes) {
           return ++*count == 2 ? 0 : honest.stage_add(stage, text, bytes);
         };
         // But counted.
         rogue.on_commit = [&rogue](StreamSubject& honest, StageStorage& stage) {
           rogue.more_used = 16;
           return honest.stage_commit(stage);
         };
       }},
  };
}

std::vector<Crime> crimes_of_text() {
  return {
      {"loses", VerdictKind::conservation, "readers get what was written", kPrint,
       [](Rogue& rogue) {
         rogue.on_read = [](StreamSubject&, std::uint32_t, StreamSubject::Copy, void*) {
           return 0;
         };
       }},
      {"repeats", VerdictKind::conservation, "readers get what was written", kPrint,
       [](Rogue& rogue) {
         rogue.on_read = [](StreamSubject& honest, std::uint32_t most, StreamSubject::Copy copy,
                            void* to) {
           struct Twice {
             StreamSubject::Copy copy;
             void* to;
           } twice{copy, to};
           return honest.read(
               most,
               [](void* p, const char* text, std::uint32_t bytes) {
                 auto& own = *static_cast<Twice*>(p);
                 return own.copy(own.to, text, bytes) && own.copy(own.to, text, bytes);
               },
               &twice);
         };
       }},
      {"garbles", VerdictKind::conservation, "readers get what was written", kPrint,
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject& honest, const void* text, std::uint32_t bytes) {
           std::string other(static_cast<const char*>(text), bytes);
           other.back() = static_cast<char>(~other.back());
           return honest.push(other.data(), bytes);
         };
       }},
      {"invents", VerdictKind::conservation, "readers get what was written", kPrint,
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject& honest, const void*, std::uint32_t bytes) {
           return honest.push(std::string(bytes, '\x77').data(), bytes);
         };
       }},
      {"shows_what_was_discarded", VerdictKind::conservation, "readers get what was written",
       kHead + "task0: discard(1, 16)\n read_all()\n",
       [](Rogue& rogue) {
         rogue.on_free = [](StreamSubject& honest, StageStorage& stage) {
           static_cast<void>(honest.stage_commit(stage));
         };
       }},
      {"shows_what_was_refused", VerdictKind::conservation, "readers get what was written",
       "anyctx 1 target=stream cpus=1 capacity=20\n"
       "task0: commit(1, 16)\n commit(1, 16)\n read_all()\n",
       [](Rogue& rogue) {
         // There is room, but not in the books.
         rogue.capacity = 1000;
         auto count = std::make_shared<int>(0);
         rogue.on_commit = [count, &rogue](StreamSubject& honest, StageStorage& stage) {
           const int result = honest.stage_commit(stage);
           if (++*count == 1) return result;
           rogue.more_used = ~16u + 1;
           return -ENOSPC;
         };
       }},
  };
}

std::vector<Crime> crimes_of_results() {
  return {
      {"no_room_without_cause", VerdictKind::spurious_failure, "is committed if there is room",
       kBatch,
       [](Rogue& rogue) {
         rogue.on_commit = [](StreamSubject& honest, StageStorage& stage) {
           honest.stage_free(stage);
           return -ENOSPC;
         };
       }},
      {"takes_too_much", VerdictKind::counter, "no more than its capacity",
       "anyctx 1 target=stream cpus=1 capacity=20\ntask0: print(16)\n",
       [](Rogue& rogue) { rogue.more_used = 5; }},
      {"miscounts", VerdictKind::counter, "counts the text that was not read", kPrint,
       [](Rogue& rogue) { rogue.more_used = 1; }},
      {"does_not_refuse", VerdictKind::error_code, "is refused",
       "anyctx 1 target=stream cpus=1 capacity=20\ntask0: print(16)\n print(8)\n",
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject& honest, const void* text, std::uint32_t bytes) {
           const int result = honest.push(text, bytes);
           return result == -ENOSPC ? 0 : result;
         };
       }},
      {"no_memory_without_cause", VerdictKind::spurious_failure, "gets memory while there is",
       kPrint,
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject&, const void*, std::uint32_t) { return -ENOMEM; };
       }},
      {"another_error", VerdictKind::error_code, "committed, or there is no room", kPrint,
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject&, const void*, std::uint32_t) { return -EBUSY; };
       }},
      {"takes_long_ones", VerdictKind::error_code, "too long, or there is no memory",
       kHead + "task0: print(513)\n",
       [](Rogue& rogue) {
         rogue.on_push = [](StreamSubject& honest, const void* text, std::uint32_t) {
           return honest.push(text, 512);
         };
       }},
      {"reads_more_than_asked", VerdictKind::error_code, "no more than he asked for",
       kHead + "task0: print(16)\n read(4)\n",
       [](Rogue& rogue) {
         rogue.on_read = [](StreamSubject& honest, std::uint32_t, StreamSubject::Copy copy,
                            void* to) { return honest.read(100, copy, to); };
       }},
      {"tells_another_length", VerdictKind::error_code, "how much text the reader got",
       kHead + "task0: print(16)\n read(4)\n",
       [](Rogue& rogue) {
         rogue.on_read = [](StreamSubject& honest, std::uint32_t most, StreamSubject::Copy copy,
                            void* to) { return honest.read(most, copy, to) + 1; };
       }},
      {"never_tells", VerdictKind::no_progress, "is told that there is some",
       kHead + "task0: print(16)\n", [](Rogue& rogue) { rogue.tells = false; }},
      {"tells_when_gone", VerdictKind::use_after_destroy, "that is gone tells nothing",
       kHead + "task0: print(16)\n recreate()\n", [](Rogue& rogue) { rogue.tells_late = true; }},
      {"leaks", VerdictKind::conservation, "holds the text that was not read", kPrint,
       [](Rogue& rogue) { rogue.lost = 1; }},
      {"unsound", VerdictKind::structure, "are sound", kPrint,
       [](Rogue& rogue) { rogue.wrong = "a list is broken"; }},
  };
}

struct Court {
  using Rogue = target::Rogue;
  static engine::Target target() { return stream_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(Rogue&)>& commit) {
    auto subject = std::make_unique<Rogue>(simulation);
    commit(*subject);
    return std::make_unique<StreamWorld>(simulation, std::move(subject));
  }
};

using StreamCrimes = Crimes<Court>;

TEST_P(StreamCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Order, StreamCrimes, ::testing::ValuesIn(crimes_of_order()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Text, StreamCrimes, ::testing::ValuesIn(crimes_of_text()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(Results, StreamCrimes, ::testing::ValuesIn(crimes_of_results()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target

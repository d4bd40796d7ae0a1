// A sampling profiler in miniature: the handler of a timer's signal allocates a record of what it
// interrupted and puts it on a list; the main loop takes the records, checks and frees them.
//
// What it interrupts is the same heap, most of the time in the middle of a call. With malloc() the
// handler would sooner or later wait for a lock that the interrupted thread holds, or find a list
// half changed.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <anyctx/heap.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <utility>

namespace {

constexpr int kWantedHits = 2000;
constexpr auto kPatience = std::chrono::seconds(20);

// What a handler and the thread it interrupts have in common is atomic, or volatile.
anyctx::Heap* heap = nullptr;
volatile sig_atomic_t in_allocator = 0;  // the main loop is inside of a call
std::atomic<int> runs{0};                // of the handler
std::atomic<int> hits{0};                // of them, those that interrupted a call
std::atomic<int> no_record{0};           // of them, those that got no memory for a record

unsigned next_random(unsigned& state) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/// Memory whose first and last byte say whose it is.
struct Block {
  unsigned char* begin = nullptr;
  std::size_t size = 0;

  void mark(unsigned char tag) { begin[0] = begin[size - 1] = tag; }
  bool is_marked(unsigned char tag) const { return begin[0] == tag && begin[size - 1] == tag; }
};

/// What the handler leaves behind.
struct Record {
  Record* next;
  int run;
  int check;
};
std::atomic<Record*> records{nullptr};

void on_signal(int) {
  static unsigned random = 1;
  static std::array<Block, 8> own;
  const int run = ++runs;
  if (in_allocator != 0) ++hits;

  // A record, which the main loop will free.
  void* const memory = heap->kmalloc_nolock(sizeof(Record));
  if (memory != nullptr) {
    auto* const record = new (memory) Record{records.load(), run, ~run};
    while (!records.compare_exchange_weak(record->next, record)) {
    }
  } else {
    ++no_record;
  }

  // Something of its own, of any size, which the handler frees in a later run.
  Block& block = own[next_random(random) % own.size()];
  if (block.begin != nullptr && !block.is_marked(0xa5)) {
    constexpr char kText[] = "handler: its memory was damaged\n";
    (void)!write(2, kText, sizeof kText - 1);
    _exit(1);
  }
  heap->kfree_nolock(block.begin);
  block.size = 16 + next_random(random) % 1000;
  block.begin = static_cast<unsigned char*>(heap->kmalloc_nolock(block.size));
  if (block.begin != nullptr) block.mark(0xa5);
}

/// Runs a call with the flag up that tells the handler what it interrupts.
template <class Call>
auto inside(Call call) {
  in_allocator = 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  struct Leave {
    ~Leave() {
      std::atomic_signal_fence(std::memory_order_seq_cst);
      in_allocator = 0;
    }
  } leave;
  return call();
}

/// Frees the records so far. Adds up how many were good.
bool collect(int& collected) {
  Record* record = records.exchange(nullptr);
  while (record != nullptr) {
    if (record->check != ~record->run) return false;
    Record* const done = std::exchange(record, record->next);
    inside([&] { heap->kfree(done); });
    ++collected;
  }
  return true;
}

int fail(const char* why) {
  std::printf("example: FAILED: %s\n", why);
  return 1;
}

}  // namespace

int main() {
  const anyctx::Heap::Owner owner = anyctx::Heap::create(std::size_t{64} << 20);
  if (owner == nullptr) return fail("no memory");
  heap = owner.get();

  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);

  std::array<Block, 256> blocks;
  unsigned random = 2;
  int collected = 0;
  unsigned long calls = 0;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (hits < kWantedHits && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 1000; ++i, ++calls) {
      Block& block = blocks[next_random(random) % blocks.size()];
      if (block.begin != nullptr) {
        if (!block.is_marked(0x5a)) return fail("memory of the main loop was damaged");
        inside([&] { heap->kfree(block.begin); });
        block.begin = nullptr;
        continue;
      }
      block.size = 16 + next_random(random) % 4000;
      block.begin = static_cast<unsigned char*>(inside([&] { return heap->kmalloc(block.size); }));
      if (block.begin == nullptr) return fail("the heap is empty, which it cannot be");
      block.mark(0x5a);
    }
    if (!collect(collected)) return fail("a record was damaged");
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);

  if (!collect(collected)) return fail("a record was damaged");
  heap->barrier();
  std::printf("example: %lu calls, interrupted %d times, %d times inside of the allocator\n", calls,
              runs.load(), hits.load());
  std::printf("example: %d records collected, no memory for %d\n", collected, no_record.load());
  if (collected + no_record != runs) return fail("records are missing");
  if (hits == 0) return fail("no signal hit a call of the allocator: this run proves nothing");
  if (hits < kWantedHits) return fail("too few signals hit a call of the allocator");
  std::printf("example: ok\n");
  return 0;
}

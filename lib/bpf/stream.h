// Stream: text that programs write in every context, and tasks read.
// Source: Linux 7.3 kernel/bpf/stream.c. Differs from it in three things: two writers who fit one
// by one do not make each other fail; a batch that fits exactly is taken; and who waits for text is
// told, by an interrupt, since writers may not wake anybody.
#pragma once

#include "lib/bpf/stream_stage.h"
#include "lib/defer/irq_work.h"
#include "lib/sync/spinlock.h"

namespace anyctx::bpf {

/// Writers push batches onto a lock-free list. A reader takes the whole list when his own, the
/// backlog, is used up, so that everything in the backlog is older than everything in the list.
template <machine::Machine M>
class Stream {
 public:
  struct Config {
    std::uint32_t capacity = 100'000;  // bytes of text
    // Called in hard interrupts after an empty list was written to; may be null.
    void (*notify)(void* owner) = nullptr;
    void* owner = nullptr;
  };
  /// Gives text to a reader. False: it cannot be stored there, and nothing of it was.
  using Copy = bool (*)(void* to, const char* text, std::uint32_t bytes);

  /// Null: there is no memory. Sleeps.
  static Stream* create(slab::SlabAllocator<M>& slabs, const Config& config) {
    void* const memory = slabs.kmalloc(sizeof(Stream), page::gfp::kernel);
    return memory == nullptr ? nullptr : ::new (memory) Stream(slabs, config);
  }
  /// With all that was not read. Nobody uses it any more. Sleeps.
  static void destroy(Stream* stream) {
    stream->bell_.sync();
    while (StreamElement* const element = stream->first()) stream->pop(*element);
    slab::SlabAllocator<M>& slabs = *stream->slabs_;
    stream->~Stream();
    slabs.kfree(stream);
  }

  // Writers: every context; never waits.

  /// 0; -ENOSPC: the text that was not read yet leaves no room. Empties the stage either way.
  int commit(StreamStage<M>& stage) {
    if (stage.empty()) return 0;
    if (!reserve(stage.bytes())) {
      stage.discard();
      return -ENOSPC;
    }
    const bool was_empty = log_.push_batch(stage.newest(), stage.oldest());
    stage.forget();
    if (was_empty) bell_.queue();
    return 0;
  }
  /// One piece: as StreamStage::add() and commit().
  int push(const void* text, std::uint32_t bytes) {
    StreamStage<M> stage(*slabs_);
    const int error = stage.add(text, bytes);
    return error != 0 ? error : commit(stage);
  }

  // Readers: sleep.

  /// How many bytes it passed to `copy(to, ...)`, in the order of the commits, at most `most`; 0:
  /// there are none. -EFAULT: the first ones could not be copied. What was copied is gone.
  int read(std::uint32_t most, Copy copy, void* to) {
    std::uint32_t done = 0;
    bool copied = true;
    mutex_.lock();
    while (done < most) {
      StreamElement* const element = first();
      if (element == nullptr) break;
      const std::uint32_t left = element->length - element->seen;
      const std::uint32_t bytes = left < most - done ? left : most - done;
      copied = copy(to, element->text() + element->seen, bytes);
      if (!copied) break;
      M::probe(site::stream_copied);
      done += bytes;
      element->seen += bytes;
      if (element->seen == element->length) pop(*element);
    }
    mutex_.unlock();
    return copied || done != 0 ? static_cast<int>(done) : -EFAULT;
  }

  /// On machines that do not interrupt themselves: tells who waits for text. Every context.
  void poll() {
    if (!M::has_self_interrupt()) bell_.run();
  }

  // For oracles: no decision points.

  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t peek_used() const { return used_.peek(); }

 private:
  Stream(slab::SlabAllocator<M>& slabs, const Config& config)
      : slabs_(&slabs), capacity_(config.capacity), notify_(config.notify), owner_(config.owner) {
    bell_.init([](void* self, unsigned) { static_cast<Stream*>(self)->ring(); }, this, 0);
  }

  void ring() {
    if (notify_ != nullptr) notify_(owner_);
  }

  bool reserve(std::uint32_t bytes) {
    std::uint32_t used = used_.load(std::memory_order_relaxed);
    do {
      if (M::fails(site::stream_full, bytes > capacity_ - used)) return false;
    } while (!used_.cas(used, used + bytes));
    return true;
  }

  // With the mutex.

  /// The oldest element, or null.
  StreamElement* first() {
    if (backlog_ == nullptr) {
      for (defer::LlistNode* node = log_.take_all(); node != nullptr;) {
        defer::LlistNode* const next = log_.next(node);
        node->next = backlog_;
        backlog_ = node;
        node = next;
      }
    }
    return StreamElement::of(backlog_);
  }
  /// The memory goes first: so the capacity bounds it.
  void pop(StreamElement& element) {
    const std::uint32_t bytes = element.length;
    backlog_ = static_cast<defer::LlistNode*>(element.node.next);
    slabs_->kfree(&element);
    used_.fetch_add(~bytes + 1);
  }

  slab::SlabAllocator<M>* slabs_;
  std::uint32_t capacity_;
  machine::Atomic<M, std::uint32_t, site::stream_used> used_;
  defer::Llist<M, site::stream_log> log_;
  void (*notify_)(void* owner);
  void* owner_;
  defer::IrqWork<M> bell_;
  sync::Mutex<M, site::stream_mutex> mutex_;
  defer::LlistNode* backlog_ = nullptr;  // oldest first
};

}  // namespace anyctx::bpf

// StreamStage: pieces of text that will appear in a stream together, or not at all.
// Source: Linux 7.3 kernel/bpf/stream.c (bpf_stream_stage).
#pragma once

#include <cerrno>
#include <cstring>
#include <new>

#include "lib/bpf/stream_sites.h"
#include "lib/defer/llist.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// A piece of text, which follows it in memory.
struct StreamElement {
  static constexpr std::uint32_t kMaxText = 512;

  defer::LlistNode node{};   // first: lists hand its address back
  std::uint32_t length = 0;  // in bytes
  std::uint32_t seen = 0;    // by readers

  static StreamElement* of(void* node) { return static_cast<StreamElement*>(node); }
  char* text() { return reinterpret_cast<char*>(this + 1); }
};

/// Belongs to the context that made it; everything is for every context, and never waits. Emptied
/// by a commit or by discard() before it goes. `slabs` is not owned.
template <machine::Machine M>
class StreamStage {
 public:
  explicit StreamStage(slab::SlabAllocator<M>& slabs) : slabs_(&slabs) {}
  StreamStage(const StreamStage&) = delete;
  StreamStage& operator=(const StreamStage&) = delete;

  /// 0; -E2BIG: longer than kMaxText; -ENOMEM. On failure the stage is as it was.
  int add(const void* text, std::uint32_t bytes) {
    if (bytes > StreamElement::kMaxText) return -E2BIG;
    void* const memory = M::fails(site::stream_element, false) ? nullptr : allocate(bytes);
    if (memory == nullptr) return -ENOMEM;
    StreamElement& element = *::new (memory) StreamElement;
    element.length = bytes;
    std::memcpy(element.text(), text, bytes);
    element.node.next = newest_;
    newest_ = &element.node;
    if (oldest_ == nullptr) oldest_ = newest_;
    bytes_ += bytes;
    return 0;
  }

  void discard() {
    while (newest_ != nullptr) {
      void* const element = newest_;
      newest_ = static_cast<defer::LlistNode*>(newest_->next);
      slabs_->kfree_nolock(element);
    }
    forget();
  }

  bool empty() const { return newest_ == nullptr; }
  std::uint32_t bytes() const { return bytes_; }

  // For the stream that takes them over.
  defer::LlistNode* newest() const { return newest_; }
  defer::LlistNode* oldest() const { return oldest_; }
  void forget() {
    newest_ = nullptr;
    oldest_ = nullptr;
    bytes_ = 0;
  }

 private:
  void* allocate(std::uint32_t bytes) {
    return slabs_->kmalloc_nolock(sizeof(StreamElement) + bytes, page::Gfp::none);
  }

  slab::SlabAllocator<M>* slabs_;
  defer::LlistNode* newest_ = nullptr;
  defer::LlistNode* oldest_ = nullptr;
  std::uint32_t bytes_ = 0;
};

}  // namespace anyctx::bpf

// StreamSubject: a stream of text that programs write, by the names, arguments and results of the
// kernel's API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

struct StreamSpec {
  std::uint32_t capacity = 1024;
  void (*notify)(void* owner) = nullptr;  // there is text, where there was none
  void* owner = nullptr;
};

/// A stage, as it lies in its owner's memory.
struct StageStorage {
  std::uint64_t words[4];
};

class StreamSubject {
 public:
  /// What a reader does with text; false: he cannot store it.
  using Copy = bool (*)(void* to, const char* text, std::uint32_t bytes);

  virtual ~StreamSubject() = default;
  virtual void reset(const SlabOptions& options) = 0;

  virtual bool create(const StreamSpec& spec) = 0;
  virtual void destroy() = 0;
  virtual int push(const void* text, std::uint32_t bytes) = 0;
  virtual void stage_init(StageStorage& stage) = 0;
  virtual int stage_add(StageStorage& stage, const void* text, std::uint32_t bytes) = 0;
  virtual int stage_commit(StageStorage& stage) = 0;
  virtual void stage_free(StageStorage& stage) = 0;
  virtual int read(std::uint32_t most, Copy copy, void* to) = 0;

  virtual void* kmalloc_nolock(std::size_t size) = 0;
  virtual void kfree_nolock(void* object) = 0;
  virtual void deferred_work_barrier() = 0;

  // For oracles: no decision points.
  virtual std::uint32_t used() const = 0;
  virtual bool has_room() const = 0;
  virtual std::string_view audit() const = 0;
  virtual std::int64_t live_objects() const = 0;
};

/// The stream in lib/bpf.
std::unique_ptr<StreamSubject> make_own_stream_subject(inject::Simulation& simulation);

}  // namespace anyctx::target

// The stream in lib/bpf as a StreamSubject.
#include "fuzzers/targets/slab_options.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "fuzzers/targets/stream_subject.h"
#include "lib/bpf/stream.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;
using Stream = bpf::Stream<Sim>;
using Stage = bpf::StreamStage<Sim>;

static_assert(sizeof(Stage) <= sizeof(StageStorage) && alignof(Stage) <= alignof(StageStorage));

class OwnStreamSubject final : public StreamSubject {
 public:
  explicit OwnStreamSubject(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(stack_.pages, stack_.slabs) {}

  void reset(const SlabOptions& options) override {
    stack_.reset(simulation_.memory(), options);
    stream_ = nullptr;
  }
  bool create(const StreamSpec& spec) override {
    const Watched watched;
    stream_ = Stream::create(stack_.slabs, {spec.capacity, spec.notify, spec.owner});
    return stream_ != nullptr;
  }
  void destroy() override {
    const Watched watched;
    Stream::destroy(std::exchange(stream_, nullptr));
  }
  int push(const void* text, std::uint32_t bytes) override {
    const Watched watched;
    return stream_->push(text, bytes);
  }
  void stage_init(StageStorage& stage) override { ::new (&stage) Stage(stack_.slabs); }
  int stage_add(StageStorage& stage, const void* text, std::uint32_t bytes) override {
    const Watched watched;
    return of(stage).add(text, bytes);
  }
  int stage_commit(StageStorage& stage) override {
    const Watched watched;
    return stream_->commit(of(stage));
  }
  void stage_free(StageStorage& stage) override {
    const Watched watched;
    of(stage).discard();
  }
  int read(std::uint32_t most, Copy copy, void* to) override {
    const Watched watched;
    return stream_->read(most, copy, to);
  }

  void* kmalloc_nolock(std::size_t size) override {
    const Watched watched;
    return stack_.slabs.kmalloc_nolock(size, page::Gfp::none);
  }
  void kfree_nolock(void* object) override {
    const Watched watched;
    stack_.slabs.kfree_nolock(object);
  }
  void deferred_work_barrier() override {
    const Watched watched;
    stack_.slabs.deferred_work_barrier();
  }

  std::uint32_t used() const override { return stream_ == nullptr ? 0 : stream_->peek_used(); }
  bool has_room() const override { return inspector_.has_room(kLargestSlabOrder, -1); }
  std::string_view audit() const override { return stack_.audit(); }
  std::int64_t live_objects() const override { return stack_.live_objects(); }

 private:
  static Stage& of(StageStorage& stage) { return *reinterpret_cast<Stage*>(&stage); }

  inject::Simulation& simulation_;
  SlabStack stack_;
  OwnSlabInspector inspector_;
  Stream* stream_ = nullptr;
};

}  // namespace

std::unique_ptr<StreamSubject> make_own_stream_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnStreamSubject>(simulation);
}

}  // namespace anyctx::target

// The table in lib/bpf as a HashTabSubject.
#include <cstring>
#include <optional>

#include "fuzzers/targets/hashtab_schema.h"
#include "fuzzers/targets/hashtab_subject.h"
#include "fuzzers/targets/slab_options.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "lib/bpf/hashtab.h"
#include "lib/bpf/slab_elements.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;
using Source = bpf::SlabElements<Sim>;
using Table = bpf::HashTab<Sim, Source>;
using Element = Table::Element;

class OwnHashTabSubject final : public HashTabSubject, private HashTabInspector {
 public:
  explicit OwnHashTabSubject(inject::Simulation& simulation)
      : simulation_(simulation), memory_(stack_.pages, slabs_), source_(slabs_) {}

  int reset(const HashTabOptions& options) override;
  const HashTabInspector& inspector() const override { return *this; }

  Token rcu_read_lock() override {
    const Watched watched;
    return stack_.grace.rcu.read_lock();
  }
  void rcu_read_unlock(Token token) override {
    const Watched watched;
    stack_.grace.rcu.read_unlock(token);
  }
  const void* htab_map_lookup_elem(std::uint64_t key) override {
    const Watched watched;
    return table_->lookup(key);
  }
  int htab_map_update_elem(std::uint64_t key, const std::uint64_t* value,
                           std::uint64_t flags) override {
    const Watched watched;
    return table_->update(key, value, static_cast<bpf::HashUpdate>(flags));
  }
  int htab_map_delete_elem(std::uint64_t key) override {
    const Watched watched;
    return table_->remove(key);
  }
  void htab_map_free() override {
    const Watched watched;
    table_->destroy();
  }

  void* kmalloc_nolock() override {
    const Watched watched;
    void* const object = slabs_.kmalloc_nolock(bytes_, {});
    if (object != nullptr) std::memset(object, 0xee, bytes_);
    return object;
  }
  void kfree_nolock(void* object) override {
    const Watched watched;
    slabs_.kfree_nolock(object);
  }
  std::int64_t settle() override;

 private:
  static const Element& as_element(const void* element) {
    return *static_cast<const Element*>(element);
  }

  std::uint32_t buckets() const override { return table_->buckets(); }
  std::uint32_t bucket_of(std::uint64_t key) const override { return table_->bucket_of(key); }
  bool list_bucket(std::uint32_t bucket, Elements& elements) const override {
    elements.clear();
    return table_->visit(bucket, 2 * kMostHashEntries,
                         [&](const Element& element) { elements.push_back(&element); });
  }
  std::uint64_t key_of(const void* element) const override {
    return as_element(element).key.peek();
  }
  std::uint64_t word_of(const void* element, std::uint32_t word) const override {
    return as_element(element).value()[word].peek();
  }
  void list_all(Elements& elements) const override {
    elements.clear();
    for (std::uint32_t i = 0; i < table_->store().elements_in_advance(); ++i) {
      elements.push_back(table_->store().peek(i));
    }
  }
  std::uint32_t free_lists() const override { return Sim::kMaxCpus + 1; }
  void list_free(std::uint32_t list, Elements& elements) const override {
    elements.clear();
    table_->store().freelist().visit(list, [&](const bpf::FreelistNode* node) {
      // A list that has become a circle ends somewhere.
      if (elements.size() < 4 * kMostHashEntries) elements.push_back(node);
    });
  }
  const void* extra(unsigned cpu) const override { return table_->store().extra(cpu); }
  std::uint32_t count() const override { return table_->store().count(); }
  bool has_room() const override { return memory_.has_room(kLargestSlabOrder, -1); }

  inject::Simulation& simulation_;
  SlabStack stack_;
  slab::SlabAllocator<Sim>& slabs_ = stack_.slabs;
  OwnSlabInspector memory_;
  Source source_;
  std::size_t bytes_ = 0;
  std::optional<sync::RqCpus<Sim>> cpus_;
  std::optional<Table> table_;
};

int OwnHashTabSubject::reset(const HashTabOptions& options) {
  stack_.reset(simulation_.memory(), {.page_count = options.pages});
  bytes_ = Element::bytes(options.value_words);
  cpus_.emplace();
  table_.emplace();
  const auto locking = options.guarded ? bpf::HashLocking::guarded : bpf::HashLocking::resilient;
  const Watched watched;
  return table_->init({.max_entries = options.max_entries,
                       .value_words = options.value_words,
                       .in_advance = options.prealloc,
                       .locking = locking,
                       .seed = options.seed},
                      source_, *cpus_);
}

std::int64_t OwnHashTabSubject::settle() {
  {
    const Watched watched;
    slabs_.kvfree_rcu_barrier();
    slabs_.deferred_work_barrier();
  }
  return stack_.live_objects();
}

}  // namespace

std::unique_ptr<HashTabSubject> make_own_hashtab_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnHashTabSubject>(simulation);
}

}  // namespace anyctx::target

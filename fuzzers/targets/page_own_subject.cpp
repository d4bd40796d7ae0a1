// The page allocator of lib/page as a subject.
#include "fuzzers/targets/page_schema.h"
#include "fuzzers/targets/page_subject.h"
#include "inject/sim/sim_machine.h"
#include "lib/page/page_allocator.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using model::BlockType;
using model::FreeBlock;
using model::Place;
using Allocator = page::PageAllocator<Sim>;
using Page = page::Page<Sim>;
using Zone = page::Zone<Sim>;

static_assert(static_cast<unsigned>(page::MigrateType::unmovable) ==
                  static_cast<unsigned>(BlockType::unmovable) &&
              static_cast<unsigned>(page::MigrateType::reclaimable) ==
                  static_cast<unsigned>(BlockType::reclaimable) &&
              static_cast<unsigned>(page::MigrateType::highatomic) ==
                  static_cast<unsigned>(BlockType::reserve) &&
              static_cast<unsigned>(page::MigrateType::isolate) ==
                  static_cast<unsigned>(BlockType::isolated));
constexpr BlockType block_type(page::MigrateType type) {
  return static_cast<BlockType>(type);
}

/// Collects the blocks of one list after the other; stops when there are more than there can be.
class BlockCollector {
 public:
  BlockCollector(const Allocator& allocator, std::vector<FreeBlock>& blocks)
      : allocator_(allocator), blocks_(blocks) {}

  void buddy(const Zone& zone) {
    for (unsigned order = 0; order < page::kOrders; ++order) {
      for (unsigned type = 0; type < page::kMigrateTypes; ++type) {
        const auto list = static_cast<page::MigrateType>(type);
        const FreeBlock like{0,
                             static_cast<std::uint8_t>(order),
                             Place::buddy,
                             zone.shape().index,
                             0,
                             block_type(list)};
        follow(zone.buddy().areas().first(order, list), like);
      }
    }
  }
  void pcp(const Zone& zone, unsigned cpu) {
    for (unsigned list = 0; list < page::kPcpLists; ++list) {
      const FreeBlock like{0,
                           static_cast<std::uint8_t>(page::pcp_list_order(list)),
                           Place::pcp,
                           zone.shape().index,
                           static_cast<std::uint8_t>(cpu),
                           BlockType{}};
      follow(zone.pcp(cpu).lists[list].first(), like);
    }
  }
  void parked(const Zone& zone) {
    const Page* page = zone.parked().peek_first();
    for (; page != nullptr && room(); page = zone.parked().peek_next(page)) {
      add(page, {0, static_cast<std::uint8_t>(page->private_word), Place::parked,
                 zone.shape().index, 0, BlockType{}});
    }
  }
  void held_back(const Zone& zone, const page::HeldBack<Sim>& held_back) {
    const Page* page = held_back.blocks().first();
    for (; page != nullptr && room(); page = page->next) {
      add(page, {0, page->order, Place::held_back, zone.shape().index, 0, BlockType{}});
    }
  }

 private:
  bool room() const { return blocks_.size() <= allocator_.map().count(); }
  void add(const Page* page, FreeBlock block) {
    block.pfn = static_cast<Pfn>(allocator_.pfn(page));
    blocks_.push_back(block);
  }
  void follow(const Page* page, const FreeBlock& like) {
    for (; page != nullptr && room(); page = page->next) add(page, like);
  }

  const Allocator& allocator_;
  std::vector<FreeBlock>& blocks_;
};

class OwnPageInspector final : public PageInspector {
 public:
  explicit OwnPageInspector(const Allocator& allocator) : allocator_(allocator) {}

  std::uint32_t page_count() const override {
    return static_cast<std::uint32_t>(allocator_.map().count());
  }
  unsigned pageblock_order() const override { return allocator_.map().pageblock_order(); }
  unsigned zone_count() const override { return allocator_.zone_count(); }
  unsigned node_of_cpu(unsigned cpu) const override { return allocator_.node_of_cpu(cpu); }
  std::byte* address(Pfn page) const override {
    return allocator_.map().address(allocator_.map().page(page));
  }

  model::ZoneView zone(unsigned index) const override {
    const Zone& zone = allocator_.zone(index);
    const page::ZoneShape& shape = zone.shape();
    return {static_cast<Pfn>(shape.start),
            static_cast<Pfn>(shape.end),
            shape.node,
            shape.type == page::ZoneType::dma32,
            {zone.marks()[page::Mark::min], zone.marks()[page::Mark::low],
             zone.marks()[page::Mark::high]}};
  }

  model::PageView page(Pfn number) const override { return view(allocator_.map().page(number)); }
  void list_pages(std::vector<model::PageView>& pages) const override {
    pages.resize(page_count());
    for (Pfn number = 0; number < pages.size(); ++number) {
      pages[number] = view(allocator_.map().page(number));
    }
  }

  model::PageTotals totals() const override {
    model::PageTotals totals;
    for (unsigned index = 0; index < allocator_.zone_count(); ++index) {
      const Zone& zone = allocator_.zone(index);
      totals.free += zone.buddy().areas().peek_free_pages();
      totals.held_back +=
          static_cast<std::int64_t>(zone.deferred().peek_pages() + zone.unaccepted().peek_pages());
      for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) totals.pcp += zone.pcp(cpu).count;
      totals.parked += count_parked(zone);
    }
    totals.leaked = allocator_.peek_leaked();
    return totals;
  }

  model::ZoneCounters counters(unsigned index) const override {
    const Zone& zone = allocator_.zone(index);
    const page::FreeAreas<Sim>& areas = zone.buddy().areas();
    model::ZoneCounters counters;
    counters.free = areas.peek_free_pages();
    counters.reserve = areas.peek_reserve_pages();
    counters.boost = zone.peek_boost();
    for (unsigned order = 0; order < page::kOrders; ++order) {
      counters.blocks[order] = static_cast<std::uint32_t>(areas.peek_count(order));
    }
    return counters;
  }

  std::int64_t pcp_pages(unsigned zone, unsigned cpu) const override {
    return allocator_.zone(zone).pcp(cpu).count;
  }
  std::int64_t pcp_limit(unsigned zone, unsigned cpu) const override {
    return allocator_.zone(zone).pcp(cpu).dynamics.high();
  }
  bool reclaiming(unsigned node) const override { return allocator_.peek_reclaiming(node); }

  void list_blocks(std::vector<FreeBlock>& blocks) const override {
    blocks.clear();
    BlockCollector collector(allocator_, blocks);
    for (unsigned index = 0; index < allocator_.zone_count(); ++index) {
      const Zone& zone = allocator_.zone(index);
      collector.buddy(zone);
      for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) collector.pcp(zone, cpu);
      collector.parked(zone);
      collector.held_back(zone, zone.deferred());
      collector.held_back(zone, zone.unaccepted());
    }
  }

 private:
  model::PageView view(const Page* page) const {
    return {page->refcount.peek(), page->compound ? page->order : std::uint8_t{0}, page->buddy,
            static_cast<std::uint32_t>(page->private_word),
            block_type(allocator_.map().peek_type_of(page))};
  }
  std::int64_t count_parked(const Zone& zone) const {
    std::int64_t pages = 0;
    const Page* page = zone.parked().peek_first();
    // Bounded, should the list be a ring: more than there is will not go unnoticed.
    for (; page != nullptr && pages <= page_count(); page = zone.parked().peek_next(page)) {
      pages += std::int64_t{1} << (page->private_word & 31);
    }
    return pages;
  }

  const Allocator& allocator_;
};

class OwnPageSubject final : public PageSubject {
 public:
  explicit OwnPageSubject(inject::Simulation& simulation) : simulation_(simulation) {}

  void reset(const PageOptions& options) override {
    page::Config config;
    config.base = simulation_.memory().base();
    config.page_count = options.pages;
    config.page_shift = options.page_shift;
    config.pageblock_order = options.pageblock_order;
    config.nodes = options.nodes;
    config.dma32_pages = options.dma32_pages;
    config.deferred_init = options.deferred_init;
    config.unaccepted = options.unaccepted;
    config.min_watermark = options.min_pages;
    config.pcp_batch = options.pcp_batch;
    config.pcp_high = options.pcp_high;
    config.watermark_boost = options.boost ? 15000 : 0;
    allocator_.init(config, pages_);
    accounts_ = options.memcg;
    if (accounts_) init_accounts(options.page_shift);
  }
  const PageInspector& inspector() const override { return inspector_; }

  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return number(allocator_.alloc_pages(gfp, nid, order));
  }
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    return number(allocator_.alloc_pages_nolock(gfp, nid, order));
  }
  void free_pages(Pfn page, unsigned order) override { allocator_.free_pages(at(page), order); }
  void free_pages_nolock(Pfn page, unsigned order) override {
    allocator_.free_pages_nolock(at(page), order);
  }
  void get_page(Pfn page) override { allocator_.get_page(at(page)); }
  void put_page(Pfn number) override {
    Page* head = allocator_.head(at(number));
    const unsigned order = head->compound ? head->order : 0;
    if (allocator_.put_page_testzero(head)) {
      allocator_.free_frozen_pages(head, order, page::Spin::allowed);
    }
  }

  std::size_t drain_parked() override { return allocator_.drain_parked(); }
  void drain_pcp(unsigned cpu) override { allocator_.drain_pcp(cpu); }
  void trim_pcp() override { allocator_.trim_pcp(); }
  bool balance(unsigned node) override { return allocator_.balance(node); }
  bool isolate_pageblock(Pfn page) override { return allocator_.isolate_pageblock(at(page)); }
  bool unisolate_pageblock(Pfn page) override { return allocator_.unisolate_pageblock(at(page)); }
  void finish_deferred_init() override { allocator_.finish_deferred_init(); }

  Accounts end_accounting() override {
    if (!accounts_) return {};
    for (page::ObjCgroup<Sim>& payer : payers_) memcg_.take_offline(payer, page::Spin::allowed);
    memcg_.drain_unused_stocks();
    Accounts accounts;
    for (const page::MemCgroup<Sim>& group : groups_) accounts.pages += group.peek_charged();
    for (const page::ObjCgroup<Sim>& payer : payers_) {
      if (!payer.peek_released()) ++accounts.payers;
    }
    return accounts;
  }

 private:
  void init_accounts(unsigned page_shift) {
    page::Memcg<Sim>::Config config;
    config.current = [](void* self) {
      OwnPageSubject& own = *static_cast<OwnPageSubject*>(self);
      return &own.payers_[own.simulation_.frame().where.lane.index % own.payers_.size()];
    };
    config.owner = this;
    config.page_shift = page_shift;
    config.page_slots = 1;
    memcg_.init(config);
    for (std::size_t i = 0; i < payers_.size(); ++i) {
      groups_[i].init();
      memcg_.bring_online(payers_[i], groups_[i]);
    }
    allocator_.account_to(memcg_);
  }

  Page* at(Pfn page) { return &pages_[page]; }
  Pfn number(const Page* page) const {
    return page == nullptr ? kNoPage : static_cast<Pfn>(allocator_.pfn(page));
  }

  inject::Simulation& simulation_;
  std::vector<Page> pages_ = std::vector<Page>(kMostPages);
  Allocator allocator_;
  OwnPageInspector inspector_{allocator_};
  // Two groups, by lane; they take each other's place in stocks.
  bool accounts_ = false;
  page::Memcg<Sim> memcg_;
  std::array<page::MemCgroup<Sim>, 2> groups_;
  std::array<page::ObjCgroup<Sim>, 2> payers_;
};

}  // namespace

std::unique_ptr<PageSubject> make_own_page_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnPageSubject>(simulation);
}

}  // namespace anyctx::target

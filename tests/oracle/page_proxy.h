// A page allocator that does what the one in lib/page does, except where a test overrides it; and
// the verdict that a program comes to with it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fuzzers/targets/page_target.h"
#include "fuzzers/targets/page_world.h"
#include "inject/sim/sim_machine.h"
#include "tests/oracle/verdict_of.h"

namespace anyctx::target {

class PageInspectorProxy : public PageInspector {
 public:
  explicit PageInspectorProxy(const PageInspector& real) : real_(real) {}

  std::uint32_t page_count() const override { return real_.page_count(); }
  unsigned pageblock_order() const override { return real_.pageblock_order(); }
  unsigned zone_count() const override { return real_.zone_count(); }
  model::ZoneView zone(unsigned zone) const override { return real_.zone(zone); }
  unsigned node_of_cpu(unsigned cpu) const override { return real_.node_of_cpu(cpu); }
  std::byte* address(Pfn page) const override { return real_.address(page); }
  model::PageView page(Pfn page) const override { return real_.page(page); }
  model::PageTotals totals() const override { return real_.totals(); }
  model::ZoneCounters counters(unsigned zone) const override { return real_.counters(zone); }
  std::int64_t pcp_pages(unsigned zone, unsigned cpu) const override {
    return real_.pcp_pages(zone, cpu);
  }
  std::int64_t pcp_limit(unsigned zone, unsigned cpu) const override {
    return real_.pcp_limit(zone, cpu);
  }
  bool reclaiming(unsigned node) const override { return real_.reclaiming(node); }
  void list_blocks(std::vector<model::FreeBlock>& blocks) const override {
    real_.list_blocks(blocks);
  }
  void list_pages(std::vector<model::PageView>& pages) const override { real_.list_pages(pages); }

 private:
  const PageInspector& real_;
};

template <class Inspector = PageInspectorProxy>
class PageSubjectProxy : public PageSubject {
 public:
  explicit PageSubjectProxy(inject::Simulation& simulation)
      : real_(make_own_page_subject(simulation)), inspector_(real_->inspector()) {}

  void reset(const PageOptions& options) override { real_->reset(options); }
  const PageInspector& inspector() const override { return inspector_; }
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return real_->alloc_pages(gfp, nid, order);
  }
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    return real_->alloc_pages_nolock(gfp, nid, order);
  }
  void free_pages(Pfn page, unsigned order) override { real_->free_pages(page, order); }
  void free_pages_nolock(Pfn page, unsigned order) override {
    real_->free_pages_nolock(page, order);
  }
  void get_page(Pfn page) override { real_->get_page(page); }
  void put_page(Pfn page) override { real_->put_page(page); }
  std::size_t drain_parked() override { return real_->drain_parked(); }
  void drain_pcp(unsigned cpu) override { real_->drain_pcp(cpu); }
  void trim_pcp() override { real_->trim_pcp(); }
  bool balance(unsigned node) override { return real_->balance(node); }
  bool isolate_pageblock(Pfn page) override { return real_->isolate_pageblock(page); }
  bool unisolate_pageblock(Pfn page) override { return real_->unisolate_pageblock(page); }
  void finish_deferred_init() override { real_->finish_deferred_init(); }
  Accounts end_accounting() override { return real_->end_accounting(); }

 protected:
  PageSubject& real() { return *real_; }
  static inject::Simulation& simulation() { return inject::Simulation::current(); }

 private:
  std::unique_ptr<PageSubject> real_;
  Inspector inspector_;
};

/// What a program comes to with a subject of type S. The program is given without its first line.
template <class S>
std::optional<inject::Verdict> verdict_with(const std::string& parameters,
                                            const std::string& lanes) {
  engine::Target target = page_target();
  target.make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
    return std::make_unique<PageWorld>(simulation, std::make_unique<S>(simulation));
  };
  return verdict_of(target, "anyctx 1 target=page cpus=1 " + parameters + "\n" + lanes);
}

}  // namespace anyctx::target

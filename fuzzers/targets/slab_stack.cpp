#include "fuzzers/targets/slab_stack.h"

#include "lib/machine/check.h"
#include "lib/slab/audit.h"
#include "lib/slab/census.h"

namespace anyctx::target {

void SlabStack::reset(const SlabStackOptions& options) {
  const std::size_t count = options.pages;
  const std::size_t words = slab::deferred_words(count, kPageShift);
  ANYCTX_CHECK_OP(count << kPageShift, <=, simulation_.memory().bytes());
  if (page_storage_.size() < count) page_storage_ = std::vector<page::Page<Sim>>(count);
  if (slab_storage_.size() < count) slab_storage_ = std::vector<slab::Slab<Sim>>(count);
  if (deferred_storage_.size() < words) {
    deferred_storage_ = std::vector<slab::DeferredWord<Sim>>(words);
  }
  page::Config pages;
  pages.base = simulation_.memory().base();
  pages.page_count = count;
  pages.page_shift = kPageShift;
  pages_.init(pages, {page_storage_.data(), count});
  grace_.init();
  slab::Config slabs;
  slabs.encoded_freelist = options.encoded_freelist;
  slabs.without_cas2 = static_cast<slab::WithoutCas2>(options.without_cas2);
  if (options.sheaves) slabs.design = slab::Design::sheaves;
  if (options.poison) slabs.debug = slabs.debug | slab::CacheFlags::poison;
  if (options.red_zone) slabs.debug = slabs.debug | slab::CacheFlags::red_zone;
  if (options.consistency) slabs.debug = slabs.debug | slab::CacheFlags::consistency;
  slabs_.init(pages_, grace_, slabs, {slab_storage_.data(), count},
              {deferred_storage_.data(), words});
}

std::string_view SlabStack::audit() const {
  const std::string_view wrong = slab::audit(slabs_);
  return wrong.empty() ? inspector_.audit_pages() : wrong;
}

std::int64_t SlabStack::live_objects() const {
  std::int64_t live = 0;
  for (const auto* cache = slabs_.first_cache(); cache != nullptr; cache = cache->next_cache) {
    live += slab::take_census(slabs_, *cache).live();
  }
  return live;
}

}  // namespace anyctx::target

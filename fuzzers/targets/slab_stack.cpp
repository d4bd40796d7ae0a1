#include "fuzzers/targets/slab_stack.h"

#include "lib/page/census.h"
#include "lib/slab/audit.h"
#include "lib/slab/census.h"

namespace anyctx::target {
namespace {

slab::WithoutCas2 without_cas2_of(WithoutCas2 option) {
  switch (option) {
    case WithoutCas2::fail:
      return slab::WithoutCas2::fail;
    case WithoutCas2::sheaf_only:
      return slab::WithoutCas2::sheaf_only;
    case WithoutCas2::try_lock:
      break;
  }
  return slab::WithoutCas2::try_lock;
}

}  // namespace

void SlabStack::reset_slabs(const SlabOptions& options) {
  const std::size_t count = options.page_count;
  const std::size_t words = slab::deferred_words(count, pages.page_shift());
  if (slab_storage_.size() < count) slab_storage_ = std::vector<slab::Slab<Sim>>(count);
  if (deferred_storage_.size() < words) {
    deferred_storage_ = std::vector<slab::DeferredWord<Sim>>(words);
  }
  slab::Config config;
  config.encoded_freelist = options.encoded_freelist;
  config.min_align = options.min_align;
  config.debug = flags_of(options.debug);
  config.without_cas2 = without_cas2_of(options.without_cas2);
  config.design = options.sheaves ? slab::Design::sheaves : slab::Design::classic;
  config.barn_limit = options.barn_limit;
  grace.init();
  slabs.init(pages, grace, config, {slab_storage_.data(), count},
             {deferred_storage_.data(), words});
  if (options.boot_sheaves) slabs.give_sheaves();
}

slab::CacheFlags SlabStack::flags_of(const CacheDebug& debug) {
  slab::CacheFlags flags = slab::CacheFlags::none;
  if (debug.red_zone) flags = flags | slab::CacheFlags::red_zone;
  if (debug.poison) flags = flags | slab::CacheFlags::poison;
  if (debug.store_user) flags = flags | slab::CacheFlags::store_user;
  if (debug.consistency) flags = flags | slab::CacheFlags::consistency;
  return flags;
}

std::string_view SlabStack::audit() const {
  const std::string_view wrong = slab::audit(slabs);
  return wrong.empty() ? page::audit(pages) : wrong;
}

std::int64_t SlabStack::live_objects() const {
  std::int64_t live = 0;
  for (const auto* cache = slabs.first_cache(); cache != nullptr; cache = cache->next_cache) {
    live += slab::take_census(slabs, *cache).live();
  }
  return live;
}

}  // namespace anyctx::target

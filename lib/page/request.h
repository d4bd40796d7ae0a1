// Request: one attempt to allocate pages, with all that decides where it may take them from.
// Source: Linux 7.3 mm/page_alloc.c (alloc_flags, gfp_to_alloc_flags()).
#pragma once

#include "lib/page/config.h"
#include "lib/page/gfp.h"
#include "lib/page/layout.h"
#include "lib/page/migrate_type.h"
#include "lib/page/spin.h"
#include "lib/page/watermark.h"

namespace anyctx::page {

struct Request {
  Gfp gfp = Gfp::none;
  unsigned order = 0;
  Spin spin = Spin::allowed;
  MigrateType type = MigrateType::unmovable;
  ZoneType highest_zone = ZoneType::normal;
  Mark mark = Mark::low;
  bool whole_pageblocks = false;  // do not mix migrate types
  bool high = false;              // may take half of MIN,
  bool non_block = false;         // and with this, five eighths
  bool from_reserve = false;      // may take high-order blocks from the atomic reserve

  bool uses_reserves() const { return high || non_block || from_reserve; }

  static Request make(Gfp gfp, unsigned order, Spin spin) {
    Request request;
    request.gfp = gfp;
    request.order = order;
    request.spin = spin;
    request.type = migrate_type(gfp);
    request.highest_zone = has(gfp, gfp::dma32) ? ZoneType::dma32 : ZoneType::normal;
    return request;
  }

  /// One attempt down to MIN, without the reserves below it, from any pageblock.
  static Request nolock(Gfp gfp, unsigned order) {
    constexpr Gfp kForced = gfp::nowarn | gfp::zero | gfp::nomemalloc | gfp::comp;
    constexpr Gfp kHonoured = gfp::account | gfp::reclaimable | gfp::dma32;
    Request request = make((gfp & kHonoured) | kForced, order, Spin::never);
    request.mark = Mark::min;
    return request;
  }

  /// The second attempt of an ordinary request, after the first failed at LOW.
  void enter_slow_path() {
    mark = Mark::min;
    whole_pageblocks = false;
    high = has(gfp, gfp::high);
    non_block = !has(gfp, gfp::direct_reclaim) && !has(gfp, gfp::nomemalloc);
    from_reserve = non_block && high && order > 0;
  }
};

}  // namespace anyctx::page

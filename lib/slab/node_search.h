// search_nodes, near_first: the order in which an allocation looks at the nodes of a cache.
// Source: Linux 6.18 mm/slub.c (get_partial, get_any_partial).
#pragma once

#include "lib/slab/slab_source.h"

namespace anyctx::slab {

/// Calls `take(request)` for the requested node only, and then for any, until it yields something.
template <class Take>
auto near_first(const Request& request, Take take) {
  if (request.nid >= 0 && !has(request.gfp, page::gfp::thisnode)) {
    Request near = request;
    near.gfp = request.spin == page::Spin::allowed ? page::gfp::nowait : request.gfp;
    near.gfp |= page::gfp::thisnode;
    if (auto found = take(near)) return found;
  }
  return take(request);
}

/// Calls `take(node)` for the requested node, or the CPU's, and then for the others unless gfp has
/// thisnode, until it yields something. The CPU must be pinned.
template <machine::Machine M, class Take>
auto search_nodes(const page::PageAllocator<M>& pages, Cache<M>& cache, const Request& request,
                  Take take) {
  const unsigned near = request.nid >= 0 ? static_cast<unsigned>(request.nid)
                                         : static_cast<unsigned>(pages.node_of_cpu(M::cpu()));
  if (auto found = take(cache.node(near))) return found;
  const bool only_near = request.nid >= 0 && has(request.gfp, page::gfp::thisnode);
  for (unsigned distance = 1; distance < pages.nodes() && !only_near; ++distance) {
    Node<M>& node = cache.node((near + distance) % pages.nodes());
    // A node that has no more than it should keep is left alone.
    if (node.nr_partial() <= cache.layout().min_partial) continue;
    if (M::fails(site::remote_node, false)) continue;
    if (auto found = take(node)) return found;
  }
  return decltype(take(cache.node(near)))();
}

}  // namespace anyctx::slab

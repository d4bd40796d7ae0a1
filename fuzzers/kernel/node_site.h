// Where decisions about nodes of the kernel's range tree fall: at the sites of ours.
#pragma once

#include <string_view>

#include "lib/bpf/sites.h"

namespace anyctx::target {

/// For an allocation of a node by this function of the kernel.
constexpr machine::Site node_site(std::string_view caller) {
  return caller == "range_tree_clear" ? bpf::site::range_split : bpf::site::range_new;
}

}  // namespace anyctx::target

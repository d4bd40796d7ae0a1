// Spin: the explicit "may this call wait for a lock" parameter.
#pragma once

namespace anyctx::page {

/// Passed from an entry point down every path, failure paths included. Never inferred from gfp
/// flags: those are masked during boot, and requests without kswapd may well be allowed to spin.
enum class Spin : bool { never, allowed };

}  // namespace anyctx::page

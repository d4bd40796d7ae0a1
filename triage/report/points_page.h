// Points page: what happened at each decision point, as a heat map on one self-contained page.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace anyctx::triage {

/// `catalogue`: what `anyctx points --json` prints.
std::string points_page(const nlohmann::json& catalogue);

}  // namespace anyctx::triage

// Reduced: what is left of one input of a bug.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace anyctx::triage {

struct Reduced {
  std::string program;           // a local minimum, as text
  std::set<std::string> passed;  // other signatures that were seen on the way there
};

inline void to_json(nlohmann::json& json, const Reduced& reduced) {
  json = {{"program", reduced.program}, {"passed", reduced.passed}};
}

inline void from_json(const nlohmann::json& json, Reduced& reduced) {
  reduced = {json.at("program"), json.at("passed")};
}

}  // namespace anyctx::triage

// Night plan: what a campaign does in one night: which targets, with which engines and sanitizers,
// under which parameters, for how long.
//
// From a small TOML file, each part of which may be left out:
//
//   time = "8h"                               in total, everything included
//   jobs = 2                                  processes at a time
//   out = "work/campaign"                     where everything is kept; the same folder goes on
//   targets = ["slab", "arena"]               default: all
//   engines = ["libfuzzer", "afl"]
//   sanitizers = ["address", "undefined"]     address, undefined, thread
//   subject = "kernel"                        or "kernel:NAME", as --subject; libfuzzer, address
//   params = ["mapping=exact"]                of all programs of targets that have the parameter
//   sweep = 0.1                               share of the time for sweeps of new inputs
//   known = "fail"                            or "clean": only new findings fail
//   [[personality]]                           machines to look at apart
//   name = "sheaves"
//   params = ["design=sheaves"]
//   targets = ["slab"]                        default: those that have these parameters
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct Personality {
  std::string name;
  std::vector<std::string> params;   // NAME=VALUE, of all programs
  std::vector<std::string> targets;  // empty: those that have these parameters
};

struct NightPlan {
  std::chrono::seconds time{8 * 3600};
  unsigned jobs = 2;
  std::filesystem::path out;  // empty: the installation's
  std::vector<std::string> targets;
  std::vector<std::string> engines{"libfuzzer", "afl"};
  std::vector<std::string> sanitizers{"address"};
  std::vector<std::string> params;  // NAME=VALUE, of all programs of targets that have it
  std::vector<Personality> personalities;
  std::string subject;  // empty: what --subject says
  double sweep = 0.1;
  bool known_is_clean = false;
  std::uint32_t seed = 0;  // 0: another one each night
};

/// Those that look at what most faults hide behind: PREEMPT_RT, UP, no double-word swap, ...
std::vector<Personality> usual_personalities();

/// Throws SetupError that names the line.
NightPlan read_night_plan(const std::filesystem::path& file);

/// One way to search one target.
struct NightCell {
  std::string target;
  std::string engine;
  std::string sanitizer;
  std::string personality;  // "any": the search chooses parameters
  std::vector<std::string> params;

  std::string name() const;  // "slab-libfuzzer-address-sheaves": a file name
};

/// Every target with every engine and sanitizer; each other personality with the first engine and
/// the first sanitizer. In an order in which each target comes early. Throws SetupError for targets
/// and parameters that do not exist.
std::vector<NightCell> cells_of(const Installation& installation, const NightPlan& plan);

}  // namespace anyctx::triage

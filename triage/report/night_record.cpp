#include "triage/report/night_record.h"

#include <algorithm>

namespace anyctx::triage {
namespace {

using nlohmann::json;

NightSlice* find_slice(std::vector<NightSlice>& slices, unsigned number) {
  const auto slice = std::find_if(slices.begin(), slices.end(),
                                  [&](const NightSlice& s) { return s.number == number; });
  return slice == slices.end() ? nullptr : &*slice;
}

void finish(NightSlice& slice, const json& event) {
  slice.done = true;
  slice.seconds = event.value("seconds", 0.0);
  slice.executions = event.value("executions", std::uint64_t{0});
  slice.coverage = event.value("coverage", 0u);
  slice.corpus = event.value("corpus", 0u);
  slice.recovered = event.value("recovered", false);
  slice.failure = event.value("failure", "");
  slice.remark = event.value("remark", "");
}

}  // namespace

void NightRecord::add(const json& event) {
  const std::string kind = event.value("event", "");
  const double t = event.value("t", 0.0);
  spent_ = std::max(spent_, t);
  if (kind == "night") {
    number_ = event.value("number", 0u);
    started_ = event.value("started", "");
    budget_ = event.value("budget", 0.0);
    plan_ = event.value("plan", json());
  } else if (kind == "resume") {
    resumed_.push_back(t);
  } else if (kind == "slice") {
    NightSlice& slice = slices_.emplace_back();
    slice.number = event.value("slice", 0u);
    slice.cell = event.value("cell", "");
    slice.begin = t;
  } else if (kind == "done") {
    if (NightSlice* slice = find_slice(slices_, event.value("slice", 0u))) finish(*slice, event);
  } else if (kind == "sample") {
    samples_.push_back(
        {t, event.value("executions", std::uint64_t{0}), event.value("coverage", std::uint64_t{0}),
         event.value("points", std::uint64_t{0}), event.value("corpus", std::uint64_t{0}),
         event.value("findings", std::uint64_t{0})});
  } else if (kind == "finding") {
    if (!knows(event.value("key", "")))
      findings_.push_back({t, event.value("key", ""), event.value("headline", ""),
                           event.value("cell", ""), event.value("name", "")});
  } else if (kind == "sweep") {
    sweeps_.push_back({t, event.value("seconds", 0.0), event.value("target", ""),
                       event.value("programs", std::uint64_t{0}),
                       event.value("runs", std::uint64_t{0}),
                       event.value("findings", std::uint64_t{0}), event.value("complete", false),
                       event.value("failure", "")});
  } else if (kind == "distilled") {
    distillations_.push_back({event.value("target", ""), event.value("before", std::uint64_t{0}),
                              event.value("after", std::uint64_t{0}), event.value("failure", "")});
  } else if (kind == "remark") {
    remarks_.push_back({t, event.value("text", "")});
  }
}

bool NightRecord::knows(const std::string& key) const {
  return std::any_of(findings_.begin(), findings_.end(),
                     [&](const NightFinding& finding) { return finding.key == key; });
}

std::uint64_t NightRecord::executions() const {
  std::uint64_t total = 0;
  for (const NightSlice& slice : slices_) total += slice.executions;
  return total;
}

}  // namespace anyctx::triage

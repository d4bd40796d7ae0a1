#include "fuzzers/run/sweep_json.h"

#include <nlohmann/json.hpp>

#include "fuzzers/engine/recording.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/text.h"

namespace anyctx::run {

using nlohmann::json;
using sweep::Category;
using sweep::Tally;

namespace {

json to_json(const Tally::Count& count) {
  return {{"visited", count.visited}, {"not_taken", count.not_taken}, {"equal", count.equal}};
}

}  // namespace

json to_json(const sweep::LeftOut& left_out) {
  return {{"visits", left_out.visits},
          {"no_lane", left_out.no_lane},
          {"nothing_to_act_on", left_out.nothing_to_act_on},
          {"full", left_out.full}};
}

json to_json(const Tally& tally) {
  json categories = json::object();
  for (unsigned c = 0; c < sweep::kCategories; ++c) {
    categories[std::string(to_string(static_cast<Category>(c)))] = to_json(tally.by_category[c]);
  }
  json schedules = json::array();
  for (const Tally::Count& count : tally.schedules) schedules.push_back(to_json(count));
  return {{"categories", std::move(categories)},
          {"schedules", std::move(schedules)},
          {"pairs", to_json(tally.pairs)},
          {"pairs_possible", tally.pairs_possible},
          {"runs", tally.runs}};
}

json to_json(engine::Runner& runner, const sweep::Hit& hit) {
  return {{"verdict",
           {{"kind", to_string(hit.verdict.kind)},
            {"rule", hit.verdict.rule},
            {"operation", hit.operation}}},
          {"headline", engine::headline(hit.verdict)},
          {"program", program::to_text(*runner.target().schema, hit.program)},
          {"story", engine::tell_story(runner, hit.program)},
          {"runs", hit.runs}};
}

}  // namespace anyctx::run

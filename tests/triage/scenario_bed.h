// Scenario bed: what happened, told by a test: calls one after the other, each done.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "triage/export/regression.h"

namespace anyctx::triage {

class ScenarioBed : public ::testing::Test {
 protected:
  using Args = std::vector<NamedValue>;

  explicit ScenarioBed(std::string target) { scenario().target = std::move(target); }

  Scenario& scenario() { return regression_.scenario; }

  static NamedValue number(const std::string& name, std::uint32_t value) {
    return {name, value, std::to_string(value)};
  }

  /// It begins behind all others.
  ScenarioStep& call(const std::string& where, const std::string& operation, const Args& args) {
    ScenarioStep& step = scenario().steps.emplace_back();
    step.where = where;
    step.lane = where.substr(0, where.find('.'));
    step.context = "task";
    step.operation = operation;
    step.args = args;
    step.text = operation + "(" + (args.empty() ? "" : args[0].text);
    for (std::size_t i = 1; i < args.size(); ++i) step.text += ", " + args[i].text;
    step.text += ")";
    step.result = {"done", 0, ""};
    step.begin = time_++;
    step.end = time_++;
    return step;
  }

  /// The same within the last step of a task, where a handler came at this point.
  ScenarioStep& nested(const std::string& point, const std::string& where,
                       const std::string& operation, const Args& args) {
    const std::size_t outer = scenario().steps.size() - 1;
    const std::string lane = where.substr(0, where.find('.'));
    scenario().steps[outer].decisions.push_back({point, 1, lane, time_++});
    ScenarioStep& step = call(where, operation, args);
    step.context = "nmi";
    step.within = outer;
    step.entered_at = point;
    scenario().steps[outer].end = time_++;
    return step;
  }

  WrittenTest write(const RegressionForm& form) {
    regression_.target = scenario().target;
    return form.write(regression_);
  }

  /// The part of a text that begins with `first`.
  static std::string part(const std::string& text, const std::string& first) {
    const std::size_t at = text.find(first);
    return at == std::string::npos ? "" : text.substr(at);
  }

  Regression regression_;
  unsigned time_ = 0;
};

}  // namespace anyctx::triage

#include "triage/cli/night_plan.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/duration.h"
#include "triage/cli/kernel_params.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// A table of the file, all of whose keys must be asked for.
class Section {
 public:
  Section(const fs::path& file, const toml::table& table) : file_(file), table_(table) {}

  [[noreturn]] void refuse(const toml::node& node, const std::string& why) const {
    throw SetupError(fmt::format("{}:{}: {}", file_.string(), node.source().begin.line, why));
  }

  const toml::node* find(const std::string& key) {
    known_.insert(key);
    return table_.get(key);
  }

  void take(const std::string& key, std::string& value) {
    if (const toml::node* node = find(key)) value = text(key, *node);
  }

  void take(const std::string& key, Words& values) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) refuse(*node, fmt::format("{} is a list of words, [\"..\", ..]", key));
    values.clear();
    for (const toml::node& entry : *list) values.push_back(text(key, entry));
  }

  void take_words(const std::string& key, Words& values, const Words& allowed) {
    take(key, values);
    const toml::node* node = find(key);
    if (node != nullptr && values.empty()) refuse(*node, fmt::format("{} is empty", key));
    for (const std::string& value : values) {
      if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) continue;
      program::Suggestion suggestion(value);
      for (const std::string& word : allowed) suggestion.offer(word);
      refuse(*node, fmt::format("{}: no such word '{}'; there are {}{}", key, value,
                                fmt::join(allowed, " "), suggestion.clause()));
    }
  }

  void take(const std::string& key, std::chrono::seconds& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    try {
      value = parse_duration(text(key, *node));
    } catch (const SetupError& error) {
      refuse(*node, fmt::format("{}: {}", key, error.what()));
    }
  }

  template <class Number>
  void take(const std::string& key, Number& value, Number least, Number most) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto number = node->value<double>();
    if (!number || *number < static_cast<double>(least) || *number > static_cast<double>(most))
      refuse(*node, fmt::format("{} is a number from {} to {}", key, least, most));
    value = static_cast<Number>(*number);
  }

  /// After the last question.
  void refuse_unknown_keys() const {
    for (const auto& [key, node] : table_) {
      if (known_.contains(std::string(key.str()))) continue;
      program::Suggestion suggestion(key.str());
      for (const std::string& word : known_) suggestion.offer(word);
      refuse(node, fmt::format("no such key '{}'; there are {}{}", std::string(key.str()),
                               fmt::join(known_, " "), suggestion.clause()));
    }
  }

 private:
  std::string text(const std::string& key, const toml::node& node) const {
    const auto value = node.value<std::string>();
    if (!value) refuse(node, fmt::format("{}: expected a word in quotes", key));
    return *value;
  }

  const fs::path& file_;
  const toml::table& table_;
  std::set<std::string> known_;
};

Personality read_personality(const fs::path& file, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr)
    throw SetupError(fmt::format("{}:{}: write [[personality]] with name and params below it",
                                 file.string(), node.source().begin.line));
  Section section(file, *table);
  Personality personality;
  section.take("name", personality.name);
  section.take("params", personality.params);
  section.take("targets", personality.targets);
  section.refuse_unknown_keys();
  const bool plain = !personality.name.empty() &&
                     personality.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                         Words::value_type::npos;
  if (!plain || personality.name == "any" || personality.params.empty())
    section.refuse(node, "a personality has a name of a-z, 0-9, _ (not 'any') and params");
  return personality;
}

std::string name_of_param(const std::string& param) {
  return param.substr(0, param.find('='));
}

/// The parameters of a target, by name.
std::set<std::string> params_of(const Installation& installation, const std::string& target) {
  const Captured captured = capture(installation.runner().with("schema").with(target));
  const auto schema = nlohmann::json::parse(captured.output, nullptr, false);
  if (!schema.is_object()) throw SetupError(complaint(captured.errors));
  std::set<std::string> names;
  for (const auto& param : schema.at("params")) names.insert(param.at("name"));
  return names;
}

bool applies(const Personality& personality, const std::string& target,
             const std::set<std::string>& params) {
  const Words& wanted = personality.targets;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), target) == wanted.end())
    return false;
  for (const std::string& param : personality.params) {
    if (params.contains(name_of_param(param))) continue;
    if (wanted.empty()) return false;
    throw SetupError(fmt::format("personality {}: {} has no parameter {}", personality.name, target,
                                 name_of_param(param)));
  }
  return true;
}

/// Of the programs of a cell: the plan's where the target has them, unless the cell says otherwise.
Words cell_params(const Installation& installation, const NightPlan& plan,
                  const std::set<std::string>& known, const Words& own) {
  Words params = own;
  for (const std::string& param : plan.params) {
    const std::string name = name_of_param(param);
    if (known.contains(name) && !says(own, name)) params.push_back(param);
  }
  return installation.kernel().empty() ? params : kernel_params(std::move(params));
}

/// A parameter that no target has is a mistake.
void check_params(const NightPlan& plan, const std::vector<std::set<std::string>>& known) {
  for (const std::string& param : plan.params) {
    const bool exists = std::any_of(known.begin(), known.end(), [&](const auto& names) {
      return names.contains(name_of_param(param));
    });
    if (!exists)
      throw SetupError(fmt::format("params: no target has a parameter {}", name_of_param(param)));
  }
}

}  // namespace

std::string NightCell::name() const {
  return fmt::format("{}-{}-{}-{}", target, engine, sanitizer, personality);
}

std::vector<Personality> usual_personalities() {
  return {{"rt", {"rt=yes"}, {}},
          {"up", {"cpus=1", "smp=no"}, {}},
          {"no_cas2", {"cas2=no"}, {}},
          {"sheaves", {"design=sheaves"}, {}}};
}

NightPlan read_night_plan(const fs::path& file) {
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    throw SetupError(line == 0
                         ? fmt::format("cannot read {}; check the path", file.string())
                         : fmt::format("{}:{}: {}", file.string(), line, error.description()));
  }
  Section section(file, table);
  NightPlan plan;
  std::string out;
  std::string known = "fail";
  section.take("time", plan.time);
  section.take("jobs", plan.jobs, 1u, 1024u);
  section.take("out", out);
  section.take("targets", plan.targets);
  section.take_words("engines", plan.engines, {"libfuzzer", "afl"});
  section.take_words("sanitizers", plan.sanitizers, {"address", "undefined", "thread"});
  section.take("params", plan.params);
  section.take("subject", plan.subject);
  section.take("sweep", plan.sweep, 0.0, 0.9);
  section.take("seed", plan.seed, 0u, 1'000'000'000u);
  section.take("known", known);
  if (known != "fail" && known != "clean")
    section.refuse(*section.find("known"), "known is \"fail\" or \"clean\"");
  plan.known_is_clean = known == "clean";
  plan.out = out;
  const toml::node* personalities = section.find("personality");
  plan.personalities = usual_personalities();
  if (personalities != nullptr) {
    plan.personalities.clear();
    if (!personalities->is_array())
      section.refuse(*personalities, "write [[personality]] with name and params below it");
    for (const toml::node& node : *personalities->as_array())
      plan.personalities.push_back(read_personality(file, node));
  }
  section.refuse_unknown_keys();
  return plan;
}

std::vector<NightCell> cells_of(const Installation& installation, const NightPlan& plan) {
  if (!installation.kernel().empty() &&
      (plan.engines != Words{"libfuzzer"} || plan.sanitizers != Words{"address"}))
    throw SetupError(
        "kernel sources are searched by libfuzzer with address only; say engines = "
        "[\"libfuzzer\"], sanitizers = [\"address\"]");
  const std::vector<TargetInfo> known = installation.targets();
  Words targets = plan.targets;
  if (targets.empty()) {
    for (const TargetInfo& target : known) targets.push_back(target.name);
  }
  for (const std::string& target : targets) require_target(known, target);
  for (const Personality& personality : plan.personalities) {
    for (const std::string& target : personality.targets) require_target(known, target);
  }
  std::vector<std::set<std::string>> params;
  for (const std::string& target : targets) params.push_back(params_of(installation, target));
  check_params(plan, params);
  std::vector<NightCell> cells;
  for (const std::string& sanitizer : plan.sanitizers) {
    for (const std::string& engine : plan.engines) {
      for (std::size_t i = 0; i < targets.size(); ++i)
        cells.push_back(
            {targets[i], engine, sanitizer, "any", cell_params(installation, plan, params[i], {})});
    }
  }
  for (const Personality& personality : plan.personalities) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (!applies(personality, targets[i], params[i])) continue;
      cells.push_back({targets[i], plan.engines.front(), plan.sanitizers.front(), personality.name,
                       cell_params(installation, plan, params[i], personality.params)});
    }
  }
  return cells;
}

}  // namespace anyctx::triage

#include "triage/cli/fuzz_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "triage/cli/duration.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/kernel_params.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/target_campaign.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// The targets asked for, each once; all if none is named.
std::vector<std::string> chosen_targets(const Installation& installation,
                                        const std::vector<std::string>& wanted) {
  const std::vector<TargetInfo> known = installation.targets();
  std::vector<std::string> chosen;
  for (const std::string& name : wanted) {
    require_target(known, name);
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end()) chosen.push_back(name);
  }
  if (wanted.empty()) {
    for (const TargetInfo& target : known) chosen.push_back(target.name);
  }
  return chosen;
}

/// 0 would let libFuzzer choose one that nobody is told.
std::uint32_t chosen_seed(const std::optional<std::uint32_t>& seed) {
  return seed ? std::max(*seed, 1u) : std::random_device()() % 1'000'000 + 1;
}

/// Adds NAME=VALUE, which an option stands for.
void add_param(std::vector<std::string>& params, const std::string& option,
               const std::string& param) {
  const std::string name = param.substr(0, param.find('='));
  if (says(params, name))
    throw SetupError(fmt::format("{} is --param {}; give {} once", option, param, name));
  params.push_back(param);
}

/// Parameters of all programs. Those of kernel sources say by which contract they are judged.
std::vector<std::string> all_params(const Installation& installation, const FuzzOptions& options) {
  std::vector<std::string> params = options.params;
  if (installation.kernel().empty()) {
    if (options.strict) throw SetupError("--strict is for kernel sources; add --subject kernel");
    if (options.differential)
      throw SetupError("--differential is for kernel sources; add --subject kernel");
    return params;
  }
  if (options.engine != "libfuzzer")
    throw SetupError("kernel sources are fuzzed by libfuzzer only; drop --engine");
  if (options.strict) add_param(params, "--strict", "strict=yes");
  if (options.differential) add_param(params, "--differential", "against=ours");
  return kernel_params(std::move(params));
}

CampaignReport run_targets(const Installation& installation, const FuzzOptions& options) {
  const std::vector<std::string> targets = chosen_targets(installation, options.targets);
  const std::vector<std::string> params = all_params(installation, options);
  const seconds time = parse_duration(options.time);
  const fs::path out =
      fs::absolute(options.out.empty() ? installation.work() : fs::path(options.out));
  const fs::path corpus = options.corpus.empty() ? fs::path() : fs::absolute(options.corpus);
  CampaignReport report;
  report.seed = chosen_seed(options.seed);
  report.sanitizer = options.sanitizer;
  report.jobs = options.jobs;
  const Clock::time_point start = Clock::now();
  Progress progress;
  CampaignProgress watch(progress);
  count_interrupts();
  for (std::size_t i = 0; i < targets.size() && interrupts() == 0; ++i) {
    const auto left = time - std::chrono::duration_cast<seconds>(Clock::now() - start);
    const auto share = std::max(seconds(1), left / static_cast<int>(targets.size() - i));
    const CampaignPlan plan{
        .target = targets[i],
        .engine = options.engine,
        .sanitizer = options.sanitizer,
        .time = share,
        .jobs = options.jobs,
        .seed = report.seed,
        .feedback = options.feedback,
        .params = params,
        .decisions = !options.no_decisions,
        .ignored = options.ignored,
        .only_first = options.first,
        .folder = out / targets[i],
        .corpus = corpus.empty() ? out / targets[i] / "corpus" : corpus / targets[i],
        .findings = out / "findings"};
    report.targets.push_back(TargetCampaign(installation, plan, watch).run());
    if (options.first && !report.targets.back().findings.empty()) break;
  }
  report.interrupted = interrupts() > 0;
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return report;
}

}  // namespace

int fuzz(const Installation& installation, const FuzzOptions& options) {
  const CampaignReport report = run_targets(installation, options);
  fmt::print("{}", options.json ? to_json(report).dump() + "\n" : to_text(report));
  std::fflush(stdout);
  for (const TargetReport& target : report.targets) {
    if (const std::string why = proved_nothing(target); !why.empty())
      fmt::print(stderr, "anyctx: the campaign proved nothing about {}: {}\n", target.target, why);
  }
  return exit_code(report);
}

}  // namespace anyctx::triage

#include "triage/cli/sweep_coverage.h"

#include <fmt/format.h>

#include "triage/cli/files.h"
#include "triage/cli/setup_error.h"
#include "triage/report/line_coverage.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

const std::string kTools = "/usr/bin/llvm-";  // llvm-19 of Debian: see .ci/packages.txt

std::string run(const Command& command) {
  const Captured captured = capture(command);
  if (captured.exit.code != 0 || captured.exit.signal != 0)
    throw SetupError(fmt::format("{} failed: {}", command.words[0],
                                 captured.errors.substr(0, captured.errors.find('\n'))));
  return captured.output;
}

}  // namespace

SweepCoverage::SweepCoverage(const Installation& installation, fs::path folder)
    : installation_(installation), folder_(std::move(folder)) {
  fs::create_directories(folder_);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() == ".profraw") fs::remove(entry.path());
  }
}

Command SweepCoverage::runner(const std::string& name) const {
  Command command = installation_.counting_runner();
  command.environment.emplace_back("LLVM_PROFILE_FILE",
                                   folder_ / fmt::format("{}-%p.profraw", name));
  return command;
}

void SweepCoverage::merge(const std::string& name) const {
  Command command{
      {kTools + "profdata-19", "merge", "--sparse", "-o", folder_ / (name + ".profdata")}, {}};
  bool any = false;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string file = entry.path().filename();
    if (!file.starts_with(name + "-") || !file.ends_with(".profraw")) continue;
    command.with(entry.path());
    any = true;
  }
  if (!any) throw SetupError("no run left a profile; rebuild with ./anyctx sweep --coverage");
  run(command);
}

std::string SweepCoverage::lcov(const std::string& name) const {
  const std::string text =
      run({{kTools + "cov-19", "export", "--format=lcov", "--skip-functions",
            "--instr-profile=" + (folder_ / (name + ".profdata")).string(),
            installation_.counting_runner().words[0], installation_.root() / "lib"},
           {}});
  write_file(folder_ / (name + ".lcov"), text);
  return text;
}

void SweepCoverage::show(const std::string& name) const {
  run({{kTools + "cov-19", "show", "--format=html", "--show-branches=count",
        "--show-instantiations=false", "--output-dir=" + (folder_ / ("html-" + name)).string(),
        "--instr-profile=" + (folder_ / (name + ".profdata")).string(),
        installation_.counting_runner().words[0], installation_.root() / "lib"},
       {}});
}

std::string SweepCoverage::report(const std::string& plain, const std::string& faulty) const {
  for (const std::string& name : {plain, faulty}) {
    merge(name);
    show(name);
  }
  const std::string root = installation_.root();
  const FaultCoverage coverage =
      compare(parse_lcov(lcov(plain), root), parse_lcov(lcov(faulty), root));
  const std::string text = fault_coverage_text(coverage);
  write_file(folder_ / "branches.txt", text);
  return text +
         fmt::format("reports: {0}/html-{1}/index.html, {0}/html-{2}/index.html, {0}/*.lcov\n\n",
                     folder_.string(), plain, faulty);
}

}  // namespace anyctx::triage

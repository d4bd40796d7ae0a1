#include "triage/cli/target_campaign.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "triage/cli/conversion.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr unsigned kMostNothingNew = 5;
constexpr seconds kGrace{20};  // for an engine to end by itself

}  // namespace

TargetCampaign::TargetCampaign(const Installation& installation, CampaignPlan plan,
                               CampaignWatch& watch)
    : installation_(installation),
      plan_(std::move(plan)),
      watch_(watch),
      investigation_(installation, plan_.target, plan_.sanitizer, plan_.findings),
      start_(Clock::now()),
      stats_read_(start_),
      engine_(make_engine(installation, plan_)) {}

TargetReport TargetCampaign::run() {
  prepare();
  start_ = Clock::now();
  while (jobs_.size() < plan_.jobs) start_job();
  while (!jobs_.empty()) {
    wait_for_output();
    for (auto job = jobs_.begin(); job != jobs_.end();) {
      (*job)->read_output();
      const auto exit = (*job)->poll();
      if (exit) read_numbers();
      const bool found = examine_artifacts(**job);
      if (exit && !found) end_of_job(**job, *exit);
      job = exit ? jobs_.erase(job) : std::next(job);
    }
    while (jobs_.size() < plan_.jobs && wants_more()) start_job();
    stop_jobs_in_time();
    tell_watch();
  }
  engine_->finish();
  return report();
}

void TargetCampaign::prepare() {
  fs::create_directories(plan_.folder);
  fs::create_directories(plan_.corpus);
  fs::create_directories(plan_.findings);
  for (const fs::path& file : stats_files(plan_.folder)) fs::remove(file);
  for (const Artifact& bug : engine_->prepare({convert_seeds("seeds"), convert_seeds("regress")})) {
    add_finding(investigation_.examine(bug.file, bug.report));
    forget(bug);
  }
}

/// Returns the folder where they are.
fs::path TargetCampaign::convert_seeds(std::string_view kind) {
  std::vector<std::string> files;
  const fs::path from = installation_.corpus(plan_.target) / kind;
  if (fs::is_directory(from)) {
    for (const auto& entry : fs::directory_iterator(from)) {
      if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
  }
  const fs::path to = plan_.folder / kind;
  convert_into(to, installation_,
               {.to = "binary",
                .params = plan_.params,
                .fitting = !installation_.kernel().empty(),
                .decisions = plan_.decisions},
               files);
  return to;
}

void TargetCampaign::start_job() {
  const auto left =
      std::max(seconds(1), plan_.time - std::chrono::duration_cast<seconds>(Clock::now() - start_));
  jobs_.push_back(engine_->start(started_++, left));
}

bool TargetCampaign::wants_more() const {
  return interrupts() == 0 && nothing_new_ < kMostNothingNew && !is_enough() &&
         Clock::now() - start_ + seconds(1) <= plan_.time;
}

bool TargetCampaign::is_enough() const {
  return plan_.only_first && !findings_.empty();
}

/// True if there were any.
bool TargetCampaign::examine_artifacts(Job& job) {
  const std::vector<Artifact> artifacts = job.take_artifacts();
  for (const Artifact& artifact : artifacts) {
    if (nothing_new_ >= kMostNothingNew || is_enough()) break;
    add_finding(investigation_.examine(artifact.file, artifact.report));
    forget(artifact);
  }
  return !artifacts.empty();
}

/// An input of the corpus that shows a bug would end each process before it has begun.
void TargetCampaign::forget(const Artifact& artifact) const {
  const std::string content = read_file(artifact.file);
  for (const fs::path& folder : {plan_.corpus, plan_.folder / "seeds", plan_.folder / "regress"}) {
    std::vector<fs::path> same;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.file_size() == content.size() &&
          read_file(entry.path()) == content)
        same.push_back(entry.path());
    }
    for (const fs::path& file : same) fs::remove(file);
  }
}

void TargetCampaign::end_of_job(Job& job, const Exit& exit) {
  if (exit.code == 0 && exit.signal == 0) return;
  if (interrupts() > 0 || told_enough_ || exit.signal == SIGKILL) return;  // as we asked for
  const bool complains = exit.code == kExitSetup || !engine_->ends_with_finding();
  if (complains && !job.complaint().empty()) throw SetupError(job.complaint());
  throw SetupError(fmt::format("the fuzzer of {} does not work; its words are in {}", plan_.target,
                               job.log_file().string()));
}

void TargetCampaign::add_finding(Finding finding) {
  const auto known = std::find_if(findings_.begin(), findings_.end(), [&](const Finding& other) {
    return other.signature.key == finding.signature.key;
  });
  if (known != findings_.end()) {
    ++known->times;
    ++nothing_new_;
    if (finding.name != known->name) fs::remove(plan_.findings / (finding.name + ".txt"));
    return;
  }
  nothing_new_ = 0;
  finding.seconds = elapsed();
  watch_.found(plan_, finding);
  findings_.push_back(std::move(finding));
}

void TargetCampaign::wait_for_output() {
  std::vector<pollfd> files;
  for (const auto& job : jobs_) files.push_back({job->output(), POLLIN, 0});
  ::poll(files.data(), files.size(), kPollMs);
}

void TargetCampaign::stop_jobs_in_time() {
  if (interrupts() > interrupts_told_) {
    for (auto& job : jobs_) job->signal(interrupts_told_ == 0 ? SIGINT : SIGKILL);
    interrupts_told_ = interrupts();
  }
  if (Clock::now() - start_ > plan_.time + kGrace) {
    for (auto& job : jobs_) job->signal(SIGKILL);
  }
  const bool repeats = !engine_->ends_with_finding() && nothing_new_ >= kMostNothingNew;
  if ((repeats || is_enough()) && !told_enough_) {
    for (auto& job : jobs_) job->signal(SIGINT);
    told_enough_ = true;
  }
}

void TargetCampaign::read_numbers() {
  for (const fs::path& file : stats_files(plan_.folder)) stats_.read(file);
  for (const auto& job : jobs_) {
    coverage_ = std::max(coverage_, job->coverage());
    corpus_ = std::max(corpus_, job->corpus());
  }
}

void TargetCampaign::tell_watch() {
  if (Clock::now() - stats_read_ >= seconds(1)) {
    stats_read_ = Clock::now();
    read_numbers();
  }
  watch_.look({plan_, elapsed(), stats_, coverage_, corpus_, findings_.size()});
}

TargetReport TargetCampaign::report() const {
  TargetReport report;
  report.target = plan_.target;
  report.seconds = elapsed();
  report.coverage = coverage_;
  report.corpus = corpus_;
  report.exercised = merged_stats(installation_, plan_.target, stats_files(plan_.folder));
  report.findings = findings_;
  if (nothing_new_ >= kMostNothingNew && elapsed() + 1 < static_cast<double>(plan_.time.count()))
    report.remark = "ended early: the same finding came again and again";
  return report;
}

}  // namespace anyctx::triage

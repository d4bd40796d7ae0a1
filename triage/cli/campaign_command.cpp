#include "triage/cli/campaign_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/night.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::chrono::seconds kQuiet{300};  // between lines of a log

/// Two campaigns in one folder would take each other's files away.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : file_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_ < 0 || ::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      if (file_ >= 0) ::close(file_);
      throw SetupError(fmt::format(
          "another campaign runs in {}, or it cannot be written to; choose another --out",
          folder.string()));
    }
  }
  ~FolderLock() { ::close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

/// Nights that came to their end leave NUMBER.json.
struct LastNight {
  unsigned number = 0;
  json report;
};

LastNight last_night(const fs::path& nights) {
  LastNight last;
  for (const auto& entry : fs::directory_iterator(nights)) {
    const std::string name = entry.path().filename().string();
    unsigned number = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), number).ptr;
    if (std::string_view(end, static_cast<std::size_t>(name.data() + name.size() - end)) == ".json")
      last.number = std::max(last.number, number);
  }
  if (last.number == 0) return last;
  const fs::path file = nights / fmt::format("{:04}.json", last.number);
  last.report = json::parse(read_file(file), nullptr, false);
  if (!last.report.is_object())
    throw SetupError(
        fmt::format("{} is damaged; remove it, or choose another --out", file.string()));
  return last;
}

NightPlan read_plan(const CampaignOptions& options) {
  NightPlan plan;
  plan.personalities = usual_personalities();
  return options.config.empty() ? plan : read_night_plan(options.config);
}

/// A plan for "kernel" is for any: which one, --subject may say.
Installation subject_of(const Installation& installation, const NightPlan& plan) {
  if (plan.subject.empty()) return installation;
  if (!installation.kernel().empty() && plan.subject == "kernel") return installation;
  if (!installation.kernel().empty())
    throw SetupError(fmt::format("the plan says subject = \"{}\"; drop --subject", plan.subject));
  return installation.with_subject(plan.subject);
}

NightPlan complete(NightPlan plan, const Installation& installation,
                   const CampaignOptions& options) {
  if (!options.time.empty()) plan.time = parse_duration(options.time);
  if (!options.out.empty()) plan.out = options.out;
  if (plan.out.empty()) plan.out = installation.work() / "campaign";
  plan.out = fs::absolute(plan.out);
  plan.jobs = options.jobs.value_or(plan.jobs);
  plan.seed = options.seed.value_or(plan.seed);
  plan.known_is_clean = plan.known_is_clean || options.known_is_clean;
  return plan;
}

int print_needs(const Installation& installation, const NightPlan& plan) {
  if (!installation.kernel().empty()) {
    fmt::print("fuzz-kernel kernel-{}\n", installation.kernel());
    return kExitClean;
  }
  std::map<std::string, std::set<std::string>> goals;
  for (const NightCell& cell : cells_of(installation, plan)) {
    std::set<std::string>& build = goals["fuzz-" + cell.sanitizer];
    build.insert("anyctx-run");
    build.insert(cell.target + (cell.engine == "afl" ? "_afl" : "_fuzzer"));
    if (cell.engine == "afl") goals["tool"].insert("afl_mutator");
    // What distils corpora.
    if (cell.sanitizer == plan.sanitizers.front()) build.insert(cell.target + "_fuzzer");
  }
  for (const auto& [preset, names] : goals) fmt::print("{} {}\n", preset, fmt::join(names, " "));
  return kExitClean;
}

/// A night goes on with the plan it began with, or not at all.
void check_unfinished(const Installation& installation, const NightPlan& plan, unsigned number,
                      bool restart) {
  const fs::path journal = plan.out / fmt::format("nights/{:04}.jsonl", number);
  if (!fs::exists(journal)) return;
  if (restart) {
    fs::remove(journal);
    return;
  }
  const NightJournal earlier(journal);
  NightRecord record;
  for (const json& event : earlier.events()) record.add(event);
  if (record.number() == 0 || record.plan() == Night::identity(plan, cells_of(installation, plan)))
    return;
  throw SetupError(
      fmt::format("the night that was ended in {} began with another plan; go on with that one, "
                  "drop the rest of it with --restart, or choose another --out",
                  plan.out.string()));
}

void save(const NightReport& report, const fs::path& out) {
  const std::string document = to_json(report).dump(1) + "\n";
  const std::string page = to_html(report);
  write_file(out / "report.txt", to_text(report));
  write_file(out / "report.html", page);
  write_file(out / "report.json", document);
  if (report.interrupted) return;
  const std::string name = fmt::format("{:04}", report.record.number());
  write_file(out / "nights" / (name + ".html"), page);
  write_file(out / "nights" / (name + ".json"), document);  // from now on it is over
}

}  // namespace

int campaign(const Installation& any, const CampaignOptions& options) {
  NightPlan said = read_plan(options);
  const Installation installation = subject_of(any, said);
  const NightPlan plan = complete(std::move(said), installation, options);
  if (options.needs) return print_needs(installation, plan);
  ::signal(SIGXFSZ, SIG_IGN);  // a write beyond a limit says so itself
  fs::create_directories(plan.out / "nights");
  const FolderLock lock(plan.out);
  LastNight last = last_night(plan.out / "nights");
  const unsigned number = last.number + 1;
  check_unfinished(installation, plan, number, options.restart);
  if (last.number > 1) fs::remove_all(plan.out / fmt::format("slices/{:04}", last.number - 1));
  count_interrupts();
  Progress progress(kQuiet);
  const NightReport report =
      Night(installation, plan, number, std::move(last.report), progress).run();
  progress.clear();
  save(report, plan.out);
  if (options.json)
    fmt::print("{}\n", to_json(report).dump());
  else
    fmt::print("{}report    {} (also .json, .txt)\n", to_text(report),
               shown(plan.out / "report.html"));
  return exit_code(report);
}

}  // namespace anyctx::triage

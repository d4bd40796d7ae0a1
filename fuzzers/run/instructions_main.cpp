// anyctx-instructions [TARGET...]: interrupts native operations before each of their machine
// instructions, and at each of their decision points. Exit code 77 if anything goes wrong.
#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "fuzzers/engine/setup_error.h"
#include "fuzzers/native/arena_sweep.h"
#include "fuzzers/native/slab_sweep.h"
#include "inject/threads/single_step.h"

namespace {

using namespace anyctx;
using native::SweepRow;

struct Subject {
  std::string_view name;
  void (*sweep)(const native::SweepDone& done);
};
constexpr Subject kSubjects[] = {{"slab", native::sweep_slab}, {"arena", native::sweep_arena}};

/// Function and line of an address of this executable.
std::string place_of(std::uintptr_t address) {
  const std::string command = fmt::format(
      "llvm-symbolizer-19 --obj=/proc/{}/exe --basenames --no-inlines {:#x} 2>/dev/null",
      ::getpid(), address);
  const std::unique_ptr<FILE, int (*)(FILE*)> out(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  for (char line[512]; out && std::fgets(line, sizeof line, out.get()) != nullptr;) {
    line[std::strcspn(line, "\n")] = '\0';
    if (line[0] != '\0') text += (text.empty() ? "" : " ") + std::string(line);
  }
  return text.empty() ? fmt::format("{:#x}", address) : text;
}

class Report {
 public:
  void add(const SweepRow& row) {
    fmt::print("  {:6}/{:<6} {:4}/{:<4} {}\n", row.instructions, row.instructions, row.points,
               row.points, row.what);
    instructions_ += row.instructions;
    points_ += row.points;
    tell(row.by_instruction, row.instructions, "instruction",
         [](const auto& finding) { return place_of(finding.where); });
    tell(row.by_point, row.points, "point",
         [](const auto& finding) { return fmt::format("point {}", finding.where); });
    if (!row.by_instruction.empty()) ++rows_by_instruction_;
    if (!row.by_instruction.empty() && row.by_point.empty()) ++rows_invisible_;
    failed_ = failed_ || !row.by_instruction.empty() || !row.by_point.empty();
    std::fflush(stdout);
  }

  bool failed() const { return failed_; }
  void sum_up() const {
    fmt::print("\n{} instructions and {} decision points, each interrupted once\n", instructions_,
               points_);
    if (!failed_) return fmt::print("no findings\n");
    fmt::print(
        "{} operations fail when interrupted at some instruction; {} of them at no decision "
        "point\n",
        rows_by_instruction_, rows_invisible_);
  }

 private:
  template <class Where>
  void tell(const std::vector<SweepRow::Finding>& findings, std::uint64_t all,
            std::string_view what, Where where) {
    constexpr std::size_t kMostTold = 3;
    for (std::size_t i = 0; i < std::min(findings.size(), kMostTold); ++i) {
      const SweepRow::Finding& finding = findings[i];
      fmt::print("anyctx: FINDING before {} {} of {}: {}\n", what, finding.place, all,
                 finding.what);
      if (finding.place != 0) fmt::print("    in {}\n", where(finding));
    }
    if (findings.size() > kMostTold)
      fmt::print("    and before {} others\n", findings.size() - kMostTold);
  }

  std::uint64_t instructions_ = 0;
  std::uint64_t points_ = 0;
  unsigned rows_by_instruction_ = 0;
  unsigned rows_invisible_ = 0;
  bool failed_ = false;
};

const Subject* find(std::string_view name) {
  for (const Subject& subject : kSubjects) {
    if (subject.name == name) return &subject;
  }
  return nullptr;
}

int sweep(std::span<char*> names) {
  if (!inject::can_single_step())
    throw engine::SetupError("single-stepping needs x86-64 and Linux; this machine is another one");
  std::vector<const Subject*> subjects;
  for (const char* const name : names) {
    const Subject* const subject = find(name);
    if (subject == nullptr)
      throw engine::SetupError(
          fmt::format("no native operations of '{}'; there are those of slab and arena", name));
    subjects.push_back(subject);
  }
  if (subjects.empty()) subjects = {&kSubjects[0], &kSubjects[1]};
  Report report;
  fmt::print("  instructions  points    operation / what interrupts it\n");
  for (const Subject* const subject : subjects) {
    fmt::print("{}\n", subject->name);
    subject->sweep([&](const SweepRow& row) { report.add(row); });
  }
  report.sum_up();
  return report.failed() ? engine::kExitBug : engine::kExitClean;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return sweep({argv + 1, static_cast<std::size_t>(argc - 1)});
  } catch (const std::exception& error) {
    fmt::print(stderr, "anyctx: {}\n", error.what());
    return engine::kExitSetup;
  }
}

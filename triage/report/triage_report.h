// Triage report: a pile of inputs as a list of bugs.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "triage/report/reduced.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {

/// Another signature of the same bug.
struct Face {
  Signature signature;
  std::string target;
  std::string program;            // the smallest one that shows it
  std::vector<Reduced> smallest;  // that and those of other inputs
  std::string before;
  std::string after;
  bool minimal = true;
  std::string file;
  std::size_t inputs = 0;
};

/// All inputs with one cause, most of the time with one signature.
struct Bug {
  Signature signature;
  std::string target;               // names of several, if all of them show it
  std::string name;                 // "overlap-1a2b3c4d"
  std::vector<std::string> inputs;  // by name, those that show it
  unsigned replays = 0;             // of all of them together
  unsigned same = 0;                // of those, with this signature
  bool is_new = true;               // no earlier report on this pile has it
  std::string before;               // "31 ops, 12 decisions"
  std::string after;
  bool minimal = true;            // false: the time was over first
  std::string program;            // the smallest one, as text
  std::vector<Reduced> smallest;  // that and those of other inputs
  std::string file;               // where it is
  std::string replay;             // the command that shows it
  std::string output;             // the beginning of a sanitizer's report
  std::string told;               // the story as text
  nlohmann::json story;           // see fuzzers/run/story_json.h; null if there is none
  std::vector<Face> faces;
  std::vector<std::string> like;  // names of bugs of this kind whose program is part of this one
};

/// A file that is no input: it is left where it is.
struct Skipped {
  std::string name;
  std::string why;
};

struct TriageReport {
  std::string folder;
  std::string sanitizer;  // of the build; empty: the plain one
  double seconds = 0;
  unsigned inputs = 0;      // files that are programs
  unsigned duplicates = 0;  // of those, copies of another one
  unsigned new_inputs = 0;  // not in the earlier report
  bool interrupted = false;
  std::vector<Bug> bugs;              // the worst first
  std::vector<std::string> harmless;  // inputs that show nothing
  std::vector<Skipped> skipped;
  std::vector<std::string> hashes;  // of the contents of all inputs, for the next report
  std::vector<std::string> gone;    // keys of the earlier report that nothing shows any more
};

/// All signatures of a bug.
std::vector<std::string> keys_of(const Bug& bug);

/// Makes one bug of each group of signatures: the one with the smallest program, with the others as
/// its faces.
void merge_faces(std::vector<Bug>& bugs, const std::vector<std::vector<std::string>>& groups);

/// Orders bugs: by how bad their class is, how reliably and how often they were seen.
void rank(std::vector<Bug>& bugs);

/// 77, or 70 if all bugs are timeouts, or 0 without any.
int exit_code(const TriageReport& report);

std::string to_text(const TriageReport& report);
nlohmann::json to_json(const TriageReport& report);
std::string to_html(const TriageReport& report);

/// Parts of such a page: a table of bugs, a row in it, and the section that the row leads to.
inline constexpr std::string_view kBugTableBegin =
    "<div class=\"scroll\"><table class=\"list\"><thead><tr><th>bug</th><th>what</th>"
    "<th>target</th><th>class</th><th class=\"num\">inputs</th><th class=\"num\">replays</th>"
    "<th>smallest</th></tr></thead><tbody>\n";
inline constexpr std::string_view kBugTableEnd = "</tbody></table></div>\n";
std::string bug_row(const Bug& bug);
std::string bug_section(const Bug& bug);

/// SARIF 2.1.0. The interleaving of a bug is a code flow with a thread flow per vCPU.
nlohmann::json to_sarif(const TriageReport& report);
/// JUnit: a test suite per target, a failed test case per bug, a passed one for what shows nothing.
std::string to_junit(const TriageReport& report);

}  // namespace anyctx::triage

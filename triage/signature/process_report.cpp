#include "triage/signature/process_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace anyctx::triage {
namespace {

constexpr std::string_view kVerdict = "anyctx: VERDICT ";
constexpr std::string_view kCheck = "anyctx: CHECK failed: ";
constexpr std::string_view kUndefined = ": runtime error: ";
constexpr std::size_t kFrames = 2;
constexpr std::array<std::string_view, 4> kSanitizers = {
    "ERROR: AddressSanitizer: ", "WARNING: ThreadSanitizer: ", "ERROR: libFuzzer: ",
    "ERROR: UndefinedBehaviorSanitizer: "};

std::string_view until(std::string_view text, std::string_view end) {
  return text.substr(0, text.find(end));
}

/// Takes the first line off `text`.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = until(text, "\n");
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view() : text.substr(begin);
}

/// Without the folders of the machine it was built on.
std::string without_folders(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::string_view word = until(text, " ");
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.starts_with('/')) word.remove_prefix(word.rfind('/') + 1);
    result.append(result.empty() ? "" : " ").append(word);
  }
  return result;
}

void read_headline(std::string_view line, ProcessReport& report) {
  report.headline = without_folders(line);
  if (line.starts_with(kVerdict)) {
    const std::string_view verdict = line.substr(kVerdict.size());
    report.kind = until(verdict, ":");
    report.what = verdict.substr(std::min(report.kind.size() + 2, verdict.size()));
    return;
  }
  if (line.starts_with(kCheck)) {
    report.kind = "check";
    report.what = until(line.substr(kCheck.size()), " (");
    return;
  }
  if (const std::size_t at = line.find(kUndefined); at != line.npos) {
    report.kind = "undefined";
    report.what = without_numbers(line.substr(at + kUndefined.size()));
    return;
  }
  for (const std::string_view prefix : kSanitizers) {
    const std::size_t at = line.find(prefix);
    if (at == line.npos) continue;
    const std::string_view what = line.substr(at + prefix.size());
    report.kind = until(until(until(until(what, " on "), " after "), " ("), ": ");
    std::replace(report.kind.begin(), report.kind.end(), ' ', '-');
    report.headline = until(until(line.substr(at), " on address "), " (pid");
    return;
  }
}

/// "READ of size 8 at 0x7f thread T0", "Previous write of size 4 at ..", "The signal is caused by a
/// WRITE memory access."
std::string_view access_of(std::string_view line) {
  line = trimmed(line);
  for (const std::string_view begin : {"Previous ", "[failed to restore the stack] "}) {
    if (line.starts_with(begin)) line.remove_prefix(begin.size());
  }
  constexpr std::string_view kSignal = "The signal is caused by a ";
  if (const std::size_t at = line.find(kSignal); at != line.npos)
    return until(line.substr(at + kSignal.size()), " memory access");
  for (const std::string_view begin :
       {"READ of size ", "WRITE of size ", "read of size ", "write of size ", "Read of size ",
        "Write of size ", "Atomic read of size ", "Atomic write of size ", "atomic read of size ",
        "atomic write of size "}) {
    if (line.starts_with(begin)) return until(line, " at ");
  }
  return {};
}

bool starts_stack(std::string_view line) {
  return trimmed(line).starts_with("#0 ");
}

/// The stacks that follow a headline. A sanitizer tells of allocations and threads afterwards: only
/// a race has a second stack that matters.
void read_stacks(std::string_view text, ProcessReport& report) {
  const std::size_t wanted = report.kind == "data-race" ? 2 : 1;
  std::size_t begun = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with("SUMMARY: ")) return;
    if (const std::string_view access = access_of(line); !access.empty() && report.what.empty())
      report.what = access;
    if (starts_stack(line)) {
      if (++begun > wanted) return;
      report.stacks.emplace_back();
    }
    if (begun == 0) continue;
    if (auto frame = parse_frame(line))
      report.stacks.back().push_back(std::move(*frame));
    else if (const std::string_view offset = module_offset(line); begun == 1 && !offset.empty())
      report.offsets.append(report.offsets.empty() ? "" : " ").append(offset);
  }
}

/// "sheaf_store.h:fill". Which names surround a function depends on what was inlined, and a lambda
/// has none.
std::string short_place(const Frame& frame) {
  const std::string file = frame.file.substr(frame.file.rfind('/') + 1);
  const std::size_t colon = frame.function.rfind("::");
  const std::string name =
      colon == frame.function.npos ? frame.function : frame.function.substr(colon + 2);
  return file.empty() ? name : file + ":" + name;
}

bool is_nameless(const Frame& frame) {
  return frame.function.empty() || frame.function.ends_with("operator()") ||
         frame.function.find("lambda") != frame.function.npos;
}

std::string place_in(const std::vector<Frame>& stack) {
  std::string place;
  std::size_t count = 0;
  for (const Owner owner : {Owner::subject, Owner::target}) {
    for (const Frame& frame : stack) {
      if (frame.owner != owner || count == kFrames || is_nameless(frame)) continue;
      place += (count++ == 0 ? "" : " < ") + short_place(frame);
    }
    if (count != 0) return place;
  }
  return stack.empty() ? std::string() : short_place(stack.front());
}

}  // namespace

bool is_headline(std::string_view line) {
  if (line.starts_with(kVerdict) || line.starts_with(kCheck)) return true;
  if (line.find(kUndefined) != line.npos) return true;
  return std::any_of(kSanitizers.begin(), kSanitizers.end(),
                     [&](std::string_view prefix) { return line.find(prefix) != line.npos; });
}

ProcessReport parse_process_report(std::string_view output) {
  ProcessReport report;
  report.headline = "the process crashed and said nothing";
  while (!output.empty()) {
    const std::string_view line = take_line(output);
    if (!is_headline(line)) continue;
    read_headline(line, report);
    read_stacks(output, report);
    break;
  }
  return report;
}

std::string without_numbers(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (digit && result.ends_with('N')) continue;
    result += digit ? 'N' : text[i];
  }
  return result;
}

std::string place_of(const ProcessReport& report) {
  std::vector<std::string> places;
  for (const auto& stack : report.stacks) {
    if (std::string place = place_in(stack); !place.empty()) places.push_back(std::move(place));
  }
  std::sort(places.begin(), places.end());  // which side of a race came first is chance
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places.empty() ? report.offsets : fmt::format("{}", fmt::join(places, " / "));
}

std::string user_of(const ProcessReport& report) {
  constexpr std::string_view kFolder = "fuzzers/targets/";
  if (report.stacks.size() != 1) return {};
  const auto& stack = report.stacks.front();
  const auto of = [&](Owner owner) { return std::ranges::find(stack, owner, &Frame::owner); };
  if (of(Owner::subject) != stack.end() || of(Owner::target) == stack.end()) return {};
  const std::string_view file = of(Owner::target)->file;
  if (!file.starts_with(kFolder)) return {};
  const std::string_view name = file.substr(kFolder.size());
  return std::string(until(until(name, "_world"), "_own_"));
}

}  // namespace anyctx::triage

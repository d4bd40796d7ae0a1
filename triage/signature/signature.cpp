#include "triage/signature/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "triage/signature/bug_class.h"
#include "triage/signature/process_report.h"

namespace anyctx::triage {
namespace {

constexpr std::array<std::string_view, 8> kAboutOneCall = {
    "lock-state", "spurious-failure", "failure-atomicity", "error-code",
    "zero",       "placement",        "difference",        "disagreement"};
constexpr std::array<std::string_view, 3> kAboutSites = {"deadlock", "forbidden-action",
                                                         "sleep-in-atomic"};
constexpr std::string_view kReported = "the code under test reports";

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// "slab.list_lock", not "3.5" nor the end of a sentence.
bool is_site(std::string_view word) {
  const std::size_t dot = word.find('.');
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return dot != word.npos && dot > 0 && dot + 1 < word.size() && letter(word[0]) &&
         letter(word[dot + 1]) &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == word.npos;
}

/// The names of sites in a text, each once, in order of names: a cycle has no beginning.
std::string sites_in(std::string_view text) {
  std::set<std::string_view> sites;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find_first_of(" ,;:"));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.ends_with('.')) word.remove_suffix(1);
    if (is_site(word)) sites.insert(word);
  }
  return fmt::format("{}", fmt::join(sites, " "));
}

/// Variants of a call are one: "kmalloc" of "kmalloc_nolock", "lock" of "lock3" and "lock_many".
std::string family_of(std::string_view operation) {
  constexpr std::array<std::string_view, 7> kVariants = {"_nolock", "_many",     "_bulk", "_node",
                                                         "_and_",   "_spinning", "_non_"};
  std::size_t end = std::min(operation.find_first_of("0123456789"), operation.size());
  for (const std::string_view variant : kVariants) end = std::min(end, operation.find(variant));
  return std::string(operation.substr(0, end));
}

/// What of the state, the place and the operation belongs to the signature of a verdict.
std::string detail_of(std::string_view kind, std::string_view rule, const nlohmann::json& verdict) {
  const std::string found = verdict.value("found", "");
  if (rule.starts_with(kReported)) return without_numbers(found);
  if (among(kAboutSites, kind)) return sites_in(found);
  if (among(kAboutOneCall, kind)) return family_of(verdict.at("operation").get<std::string>());
  if (kind == "no-progress") {  // where in a loop the bound was reached is chance: the layer is not
    const std::string point = verdict.value("point", "");
    return point.substr(0, point.find('.'));
  }
  return {};
}

}  // namespace

Signature signature_of_verdict(const nlohmann::json& verdict) {
  const std::string kind = verdict.at("kind");
  const std::string rule = verdict.at("rule");
  const std::string detail = detail_of(kind, rule, verdict);
  std::string key = fmt::format("{}: {}", kind, without_numbers(rule));
  if (!detail.empty()) key += fmt::format(" ({})", detail);
  return {kind, std::move(key), fmt::format("VERDICT {}: {}", kind, rule),
          std::string(bug_class(kind, rule))};
}

std::string place_of_verdict(const nlohmann::json& verdict) {
  return fmt::format("{}: {} at {}", verdict.at("kind").get<std::string>(),
                     without_numbers(verdict.at("rule").get<std::string>()),
                     verdict.at("point").get<std::string>());
}

Signature signature_of_output(std::string_view output) {
  const ProcessReport report = parse_process_report(output);
  const std::string place = place_of(report);
  Signature signature{report.kind, report.kind, report.headline,
                      std::string(bug_class(report.kind, report.what))};
  // Where a loop was when the time was over is chance.
  if (report.kind == "timeout" || report.kind == "out-of-memory") return signature;
  if (const std::string user = user_of(report);
      !user.empty() && report.kind.find("use-after") != report.kind.npos) {
    signature.key += fmt::format(" of what {} holds", user);
    signature.headline += fmt::format(" in {}", place);
    return signature;
  }
  if (!report.what.empty() && report.kind != "data-race")
    signature.key += fmt::format(": {}", report.what);
  if (!place.empty()) {
    signature.key += fmt::format(" in {}", place);
    if (!report.stacks.empty()) signature.headline += fmt::format(" in {}", place);
  }
  return signature;
}

Signature signature_of_timeout() {
  return {"timeout", "timeout", "the run does not end: a loop that passes no decision point",
          std::string(bug_class("timeout", {}))};
}

std::string short_hash(std::string_view content) {
  std::uint32_t value = 0x811c9dc5;  // FNV-1a
  for (const char c : content) value = (value ^ static_cast<unsigned char>(c)) * 0x01000193;
  return fmt::format("{:08x}", value);
}

}  // namespace anyctx::triage

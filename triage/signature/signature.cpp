#include "triage/signature/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace anyctx::triage {
namespace {

constexpr std::string_view kVerdict = "anyctx: VERDICT ";
constexpr std::string_view kCheck = "anyctx: CHECK failed: ";
constexpr std::string_view kUndefined = ": runtime error: ";
constexpr std::string_view kEngine = "libFuzzer: ";
constexpr std::string_view kSummary = "SUMMARY: ";
constexpr std::array<std::string_view, 3> kSanitizers = {
    "ERROR: AddressSanitizer: ", "WARNING: ThreadSanitizer: ", "ERROR: libFuzzer: "};

/// Calls `f` with each line until it returns true.
template <class F>
void for_lines(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (f(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view until(std::string_view text, std::string_view end) {
  return text.substr(0, text.find(end));
}

/// Without the directories of the machine it was built on.
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

Signature of_headline(std::string_view line) {
  const std::string headline = without_folders(line);
  if (line.starts_with(kVerdict))
    return {std::string(until(line.substr(kVerdict.size()), ":")), headline, headline};
  if (line.starts_with(kCheck)) {
    const std::string_view condition = until(line.substr(kCheck.size()), " (");
    return {"check", fmt::format("check {}", condition), headline};
  }
  if (const std::size_t at = line.find(kUndefined); at != line.npos)
    return {"undefined", headline, headline};
  for (const std::string_view prefix : kSanitizers) {
    const std::size_t at = line.find(prefix);
    if (at == line.npos) continue;
    const std::string_view what = line.substr(at + prefix.size());
    std::string kind(until(until(until(what, " on "), " after "), " ("));
    std::replace(kind.begin(), kind.end(), ' ', '-');
    return {kind, kind, std::string(line.substr(at))};
  }
  return {"crash", "crash", headline};
}

}  // namespace

bool is_headline(std::string_view line) {
  if (line.starts_with(kVerdict) || line.starts_with(kCheck)) return true;
  if (line.find(kUndefined) != line.npos) return true;
  return std::any_of(kSanitizers.begin(), kSanitizers.end(),
                     [&](std::string_view prefix) { return line.find(prefix) != line.npos; });
}

Signature signature_of_verdict(const nlohmann::json& verdict) {
  const std::string kind = verdict.at("kind");
  const std::string rule = verdict.at("rule");
  const std::string operation = verdict.at("operation");
  return {kind, fmt::format("{}: {} ({})", kind, rule, operation),
          fmt::format("VERDICT {}: {}", kind, rule)};
}

Signature signature_of_output(std::string_view output) {
  Signature signature{"crash", "crash", "the process crashed and said nothing"};
  bool found = false;
  for_lines(output, [&](std::string_view line) {
    if (!found && is_headline(line)) {
      signature = of_headline(line);
      found = true;
    }
    // "SUMMARY: AddressSanitizer: heap-use-after-free /a/b/c.cpp:60:20 in f": where, not only what.
    if (!found || !line.starts_with(kSummary) || line.find(kEngine) != line.npos) return false;
    signature.key = without_folders(line.substr(kSummary.size()));
    signature.headline = signature.key;
    return true;
  });
  return signature;
}

std::string short_hash(std::string_view content) {
  std::uint32_t value = 0x811c9dc5;  // FNV-1a
  for (const char c : content) value = (value ^ static_cast<unsigned char>(c)) * 0x01000193;
  return fmt::format("{:08x}", value);
}

}  // namespace anyctx::triage

#include "triage/cli/libfuzzer_log.h"

#include <charconv>
#include <optional>

#include "triage/signature/process_report.h"

namespace anyctx::triage {
namespace {

constexpr std::size_t kMostReport = 256 << 10;

/// The number behind "KEY ".
std::optional<unsigned> number_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == line.npos) return std::nullopt;
  const std::string_view rest = line.substr(at + key.size());
  unsigned value = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

void LibfuzzerLog::add(std::string_view line) {
  constexpr std::string_view kWritten = "Test unit written to ";
  constexpr std::string_view kOurs = "anyctx: ";
  if (line.starts_with('#')) {
    coverage_ = number_after(line, " cov: ").value_or(coverage_);
    corpus_ = number_after(line, " corp: ").value_or(corpus_);
    return;
  }
  if (const std::size_t at = line.find(kWritten); at != line.npos)
    artifact_ = line.substr(at + kWritten.size());
  if (line.starts_with(kOurs) && complaint_.empty()) complaint_ = line.substr(kOurs.size());
  if ((!report_.empty() || is_headline(line)) && report_.size() < kMostReport)
    report_.append(line).append("\n");
}

}  // namespace anyctx::triage

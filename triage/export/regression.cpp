#include "triage/export/regression.h"

#include <fmt/format.h>

#include <array>

namespace anyctx::triage {
namespace {

constexpr std::array<const RegressionForm*, 3> kForms = {&kGtestForm, &kKunitForm, &kBpfForm};

}  // namespace

std::span<const RegressionForm* const> regression_forms() {
  return kForms;
}

std::vector<TestFile> files_at(const std::filesystem::path& place, WrittenTest test) {
  if (test.files.empty()) return {{place, std::move(test.text)}};
  for (TestFile& file : test.files) file.place = place / file.place;
  return std::move(test.files);
}

std::string commented(std::string_view text, std::string_view mark) {
  std::string result;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
    result += fmt::format("{}{}{}\n", mark, line.empty() ? "" : " ", line);
  }
  return result;
}

std::string to_corpus_file(const Regression& regression) {
  return fmt::format("# {}\n#\n{}{}", regression.headline, commented(regression.story, "#"),
                     regression.program);
}

}  // namespace anyctx::triage

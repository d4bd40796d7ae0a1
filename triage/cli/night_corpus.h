// Night corpus: inputs worth keeping, by target, over all nights of a campaign.
//
// A folder is never half there: what distils it works beside it, and the two change places.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "triage/cli/installation.h"
#include "triage/report/night_record.h"

namespace anyctx::triage {

class NightCorpus {
 public:
  /// `folder` has a folder for each target. What was interrupted in the middle is put right.
  NightCorpus(const Installation& installation, std::filesystem::path folder);

  /// Made if it is not there.
  std::filesystem::path of(const std::string& target) const;
  std::size_t size(const std::string& target) const;

  /// Keeps only inputs that something is reached with that no smaller one reaches (libFuzzer's
  /// -merge). All stay if that does not end in time.
  NightDistillation distil(const std::string& target, const std::string& sanitizer,
                           std::chrono::seconds time) const;

  /// The smallest programs that mark_swept() was not told of, at most so many.
  std::vector<std::filesystem::path> unswept(const std::string& target, std::size_t most) const;
  void mark_swept(const std::string& target, const std::vector<std::filesystem::path>& files) const;

 private:
  std::filesystem::path swept_list(const std::string& target) const;

  const Installation& installation_;
  std::filesystem::path folder_;
};

}  // namespace anyctx::triage

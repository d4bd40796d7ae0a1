// Oracles of an allocator at rest: nothing is in progress, everything may be walked.
#pragma once

#include "fuzzers/model/page_audit.h"
#include "fuzzers/targets/page_scene.h"

namespace anyctx::target {

class PageRestOracles {
 public:
  explicit PageRestOracles(PageScene& scene) : scene_(scene) {}

  /// The layout and the watermarks are what the parameters ask for. Once, after a reset.
  void judge_layout();
  /// All lists and counters are right, and every page is in one place.
  void judge_lists();
  /// The same once all blocks were given back and all lists drained: all memory is free.
  void judge_empty(const PageOptions& options);
  /// Then, nobody pays for anything.
  void judge_accounts(const PageSubject::Accounts& accounts);

 private:
  void take_snapshot();

  PageScene& scene_;
  model::PageSnapshot snapshot_;
  model::PageAudit audit_;
};

}  // namespace anyctx::target

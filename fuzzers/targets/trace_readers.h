// TraceReaders: one for each lane, as each task has one in the kernel. Programs that trace others
// nest in the task that they interrupt.
#pragma once

#include <array>

#include "inject/sim/sim_machine.h"
#include "lib/defer/tasks_trace.h"

namespace anyctx::target {

class TraceReaders {
 public:
  using Reader = defer::TraceReader<inject::Sim>;

  void reset() {
    for (auto& kind : readers_) {
      for (Reader& reader : kind) reader.nesting.init(0);
    }
  }
  /// Of the task that runs.
  Reader& of(const inject::SimTask& task) {
    return readers_[static_cast<unsigned>(task.lane.kind)][task.lane.index];
  }

 private:
  std::array<std::array<Reader, 16>, inject::kLaneKinds> readers_;
};

}  // namespace anyctx::target

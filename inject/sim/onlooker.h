// Onlooker: who looks at the machine where something is decided.
#pragma once

namespace anyctx::inject {

class Fiber;

/// Called in runs that record events only, on the stack of what runs; `on` is the fiber that has
/// it. Changes nothing.
class Onlooker {
 public:
  virtual ~Onlooker() = default;
  /// A decision was recorded: the last of Simulation::taken(). It is not carried out yet.
  virtual void decided(const Fiber& on) = 0;
  /// There is a verdict. The run ends here.
  virtual void stopped(const Fiber& on) = 0;
};

}  // namespace anyctx::inject

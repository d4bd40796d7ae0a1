// Trials: what happens if an interruption comes at one place of an operation, for each of its
// places: each is tried in a process of its own, which is forked when the operation gets there.
//
// So every trial begins in the same state, without making it again, and may end as it likes: what
// it says, a signal, or no end are its result. x86-64 and others; POSIX.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace anyctx::inject {

class Trials {
 public:
  struct Scene {
    std::function<void()> operation;
    std::function<void()> interruption;  // what a handler of a signal may do
    std::function<std::string()> check;  // at the end; empty: all is well
  };
  struct Finding {
    std::uint64_t place = 0;   // counts from 1; 0: without interruption
    std::uintptr_t where = 0;  // as given to visit()
    std::string what;
  };

  explicit Trials(Scene scene) : scene_(std::move(scene)) {}
  Trials(const Trials&) = delete;
  Trials& operator=(const Trials&) = delete;

  /// The operation is at a place. In a trial's process, comes back from the interruption and
  /// returns true: then no more places are wanted. Legal where fork() is.
  bool visit(std::uintptr_t where);

  /// Runs the operation. `run` calls it, and visit() at its places.
  void run(const std::function<void(const std::function<void()>&)>& run);

  std::uint64_t places() const { return places_; }
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  [[noreturn]] void end_trial();
  std::string watch(int output, int process);

  Scene scene_;
  bool is_trial_ = false;
  std::uint64_t places_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace anyctx::inject

// ObjPoolJudge: the oracles of an object pool: who has which object, and what a call may return.
//
// It sees calls begin and end, not what happens inside. So what it demands of calls that others run
// beside is what holds in any order of their steps; of calls that nothing disturbs it knows all.
#pragma once

#include <array>
#include <string>

#include "fuzzers/targets/objpool_schema.h"
#include "fuzzers/targets/objpool_subject.h"
#include "fuzzers/targets/user_count.h"

namespace anyctx::target {

class ObjPoolJudge {
 public:
  ObjPoolJudge(inject::Simulation& simulation, ObjPoolSubject& subject)
      : simulation_(simulation), subject_(subject), inspector_(subject.inspector()) {}

  void reset() {
    count_ = 0;
    users_ = {};
  }
  /// 0 or errno. The preparation of one object is refused: of number `refused`, counted from 1.
  int init(std::uint32_t count, std::uint32_t size, std::uint32_t refused);
  /// fini(); who has an object gives it up by drop().
  void fini();
  void drop(void* object);
  bool has_pool() const { return count_ != 0; }

  // Operations of the target that are in progress.

  /// A pool was made, or was not, and nobody uses it yet.
  void open() { ops_.open(); }
  void begin_op() { ops_.enter(); }
  /// If it was the last one, everything is where it belongs.
  void end_op();
  bool is_alone() const { return ops_.count() == 1; }

  // Calls.

  void* pop();
  void push(void* object);

 private:
  enum class State : std::uint8_t {
    taken,      // somebody has it
    unsettled,  // pushed, maybe not yet to be seen
    settled,    // in the pool until somebody pops it
  };
  struct Object {
    void* at = nullptr;
    State state = State::settled;
    std::uint32_t content = 0;
  };
  struct Users {
    std::uint32_t pushes = 0;        // in progress
    std::uint32_t pops = 0;          // in progress
    std::uint64_t pops_started = 0;  // ever
  };

  static int prepare(void* object, void* judge);
  int on_prepare(void* object);
  void check_shares();
  Object* find(const void* at);
  void judge_null(std::uint32_t settled, std::uint64_t rivals);
  void judge_order(const void* expected, const void* found);
  const void* first_of_rings();
  std::uint32_t settled() const;
  void settle();
  void check_rest();
  void check_steps(std::uint32_t before, std::uint32_t most) const;
  void write_content(Object& object);
  void check_content(const Object& object, const char* rule) const;
  std::string name_of(const void* object);
  [[noreturn]] void stop(inject::VerdictKind kind, const char* rule, std::string expected,
                         std::string found) const;

  inject::Simulation& simulation_;
  ObjPoolSubject& subject_;
  const ObjPoolInspector& inspector_;
  std::array<Object, kMostPoolObjects> objects_;
  std::uint32_t count_ = 0;     // of the pool's objects; 0: there is no pool
  std::uint32_t size_ = 0;      // of each
  std::uint32_t prepared_ = 0;  // objects so far, while a pool is made
  std::uint32_t refused_ = 0;
  std::uint32_t contents_ = 0;
  std::uint32_t left_ = 0;  // objects to drop, after fini()
  UserCount ops_;
  Users users_;
  ObjPoolInspector::Ring ring_;
};

}  // namespace anyctx::target

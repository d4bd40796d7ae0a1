// ObjPoolSubject: an object pool under test, by the names and results of the kernel's API.
//
// Whoever implements it stands for one pool: the one in lib/bpf, or the user's kernel sources. The
// target, its model and its oracles know nothing else of it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "inject/sim/simulation.h"

namespace anyctx::target {

/// What oracles may see from the inside. Only reads; nothing is a decision point.
class ObjPoolInspector {
 public:
  struct Ring {
    std::uint64_t head = 0;
    std::uint64_t last = 0;
    std::uint64_t tail = 0;
    std::vector<const void*> objects;  // from the head to the tail, if these are sound
  };

  virtual ~ObjPoolInspector() = default;
  /// There is a pool.
  virtual void look_at_ring(unsigned cpu, Ring& ring) const = 0;
  /// Pieces of memory that were allocated and not given back.
  virtual std::int64_t blocks() const = 0;
};

class ObjPoolSubject {
 public:
  /// Called for each object of a new pool; an error ends its creation.
  using Prepare = int (*)(void* object, void* context);

  virtual ~ObjPoolSubject() = default;

  /// Starts over: there is no pool.
  virtual void reset() = 0;
  virtual const ObjPoolInspector& inspector() const = 0;

  virtual int objpool_init(int count, int size, Prepare prepare, void* context) = 0;
  virtual void* objpool_pop() = 0;
  virtual int objpool_push(void* object) = 0;
  virtual int objpool_drop(void* object) = 0;
  virtual void objpool_fini() = 0;
};

/// The pool in lib/bpf.
std::unique_ptr<ObjPoolSubject> make_own_objpool_subject();

}  // namespace anyctx::target

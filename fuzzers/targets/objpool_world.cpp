#include "fuzzers/targets/objpool_world.h"

#include <array>

#include "fuzzers/engine/target.h"

namespace anyctx::target {

using engine::Outcome;

void ObjPoolWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kObjPoolSchema, program, name);
  };
  open_ = false;
  subject_->reset();
  judge_.reset();
  kept_.clear();
  static_cast<void>(judge_.init(value("count"), value("size"), 0));
  judge_.open();
  open_ = true;
}

Outcome ObjPoolWorld::perform(const program::Op& op, inject::Lane) {
  if (!open_) return {Outcome::Kind::vacuous};
  judge_.begin_op();
  const Outcome outcome = dispatch(op);
  judge_.end_op();
  return outcome;
}

Outcome ObjPoolWorld::dispatch(const program::Op& op) {
  if (static_cast<ObjPoolOp>(op.code) == ObjPoolOp::recreate) {
    return recreate(op.args[0], op.args[1], op.args[2]);
  }
  if (!judge_.has_pool()) return {Outcome::Kind::vacuous};
  void* object = nullptr;
  switch (static_cast<ObjPoolOp>(op.code)) {
    case ObjPoolOp::pop:
      object = judge_.pop();
      if (object == nullptr) return {Outcome::Kind::failed};
      if (!kept_.push(op.result, object)) judge_.push(object);
      return {};
    case ObjPoolOp::push:
      if (!kept_.take(op.args[0], object, [](void*) { return true; })) {
        return {Outcome::Kind::vacuous};
      }
      judge_.push(object);
      return {};
    case ObjPoolOp::churn:
      return churn(op.args[0], op.args[1] != 0);
    case ObjPoolOp::recreate:
      break;
  }
  return {Outcome::Kind::vacuous};
}

Outcome ObjPoolWorld::churn(std::uint32_t count, bool reverse) {
  constexpr std::uint32_t kMost = 8;
  std::array<void*, kMost> objects{};
  std::uint32_t popped = 0;
  while (popped < count && (objects[popped] = judge_.pop()) != nullptr) ++popped;
  for (std::uint32_t i = 0; i < popped; ++i) judge_.push(objects[reverse ? popped - 1 - i : i]);
  return {popped != 0 ? Outcome::Kind::done : Outcome::Kind::failed, popped};
}

/// A pool is given up while nobody is in a call, and goes with the last object that somebody kept.
Outcome ObjPoolWorld::recreate(std::uint32_t count, std::uint32_t size, std::uint32_t refused) {
  if (!judge_.is_alone()) return {Outcome::Kind::vacuous};
  open_ = false;
  take_down();
  const int result = judge_.init(count, size, refused);
  open_ = true;
  return {result == 0 ? Outcome::Kind::done : Outcome::Kind::failed,
          static_cast<std::uint32_t>(result)};
}

void ObjPoolWorld::take_down() {
  if (!judge_.has_pool()) return;
  judge_.fini();
  void* object = nullptr;
  while (kept_.take_any(object)) judge_.drop(object);
}

void ObjPoolWorld::finish() {
  open_ = false;
  take_down();
}

}  // namespace anyctx::target

#include "fuzzers/targets/mem_alloc_world.h"

#include <fmt/format.h>

#include <cerrno>

#include "fuzzers/engine/target.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::VerdictKind;

namespace {

ReaderKind reader_of(std::uint32_t arg) {
  return arg == 0 ? ReaderKind::rcu : ReaderKind::trace;
}

}  // namespace

void MemAllocWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kMemAllocSchema, program, name);
  };
  subject_->reset({.page_count = value("pages"), .sheaves = value("design") != 0});
  const std::uint32_t size = value("size");
  size_ = size == 0 ? 0 : std::max<std::uint32_t>(size, kLeastThing);
  for (Cell& cell : cells_) cell.init(nullptr);
  slots_.clear();
  readers_.reset();
  retired_.reset();
  live_.reset(simulation_.memory().bytes());
  at_once_.reset();
  created_ = 0;
  serials_ = 0;
  held_ = 0;
  users_.open();
  exists_ = false;
  static_cast<void>(create());
  closed_ = false;
}

Outcome MemAllocWorld::perform(const program::Op& op, Lane) {
  if (closed_) return {Outcome::Kind::vacuous};
  if (op.code == static_cast<std::uint8_t>(MemAllocOp::stand)) {
    return stand(reader_of(op.args[0]), op.args[1]);
  }
  users_.enter();
  const Outcome outcome = dispatch(op);
  users_.leave();
  return outcome;
}

Outcome MemAllocWorld::dispatch(const program::Op& op) {
  const auto& args = op.args;
  const auto code = static_cast<MemAllocOp>(op.code);
  if (code == MemAllocOp::create) return create();
  if (code == MemAllocOp::synchronize) return synchronize(static_cast<GraceKind>(args[0]));
  if (code == MemAllocOp::barrier) return barrier(static_cast<GraceKind>(args[0]));
  if (!exists_) return {Outcome::Kind::vacuous};
  switch (code) {
    case MemAllocOp::alloc:
      return alloc(op.result, args[0]);
    case MemAllocOp::free:
      return free(args[0], How::at_once);
    case MemAllocOp::free_rcu:
      return free(args[0], How::after_rcu);
    case MemAllocOp::publish:
      return publish(args[0], args[1], static_cast<How>(args[2]));
    case MemAllocOp::unpublish:
      return unpublish(args[0], static_cast<How>(args[1]));
    case MemAllocOp::read:
      return read(args[0], reader_of(args[1]), args[2], args[3] != 0);
    case MemAllocOp::churn:
      return churn(args[0], args[1], static_cast<How>(args[2]));
    case MemAllocOp::destroy:
      return destroy();
    case MemAllocOp::create:
    case MemAllocOp::synchronize:
    case MemAllocOp::barrier:
    case MemAllocOp::stand:
      break;
  }
  return {Outcome::Kind::vacuous};
}

Outcome MemAllocWorld::create() {
  if (exists_ || created_ == contexts_.size() || users_.count() > 1) {
    return {Outcome::Kind::vacuous};
  }
  closed_ = true;
  Context& context = contexts_[created_++];
  context = {this, false};
  const int error = subject_->create(size_, {[](void* object, void* c) {
                                               const inject::Unwatched unwatched;
                                               const Context& own = *static_cast<Context*>(c);
                                               own.world->destruct(object, own);
                                             },
                                             [](void* c) {
                                               const inject::Unwatched unwatched;
                                               Context& own = *static_cast<Context*>(c);
                                               own.world->free_context(own);
                                             },
                                             &context});
  if (error != 0) {
    if (error != -ENOMEM || context.is_freed) {
      simulation_.stop(VerdictKind::error_code, "an allocator is created, or there is no memory",
                       "0 or -ENOMEM, and the context still the caller's",
                       fmt::format("{}", error));
    }
    context.is_freed = true;
  }
  exists_ = error == 0;
  closed_ = false;
  return {exists_ ? Outcome::Kind::done : Outcome::Kind::failed};
}

/// Nobody else may use it. What was freed before is still under way.
Outcome MemAllocWorld::destroy() {
  if (users_.count() != 1) return {Outcome::Kind::vacuous};
  closed_ = true;
  give_back();
  exists_ = false;
  subject_->destroy();
  closed_ = false;
  return {};
}

void MemAllocWorld::give_back() {
  for (unsigned cell = 0; cell < kMemAllocCells; ++cell) {
    static_cast<void>(unpublish(cell, cell % 2 == 0 ? How::at_once : How::after_rcu));
  }
  Held held;
  while (slots_.take_any(held)) give(held, How::at_once);
}

Outcome MemAllocWorld::synchronize(GraceKind kind) {
  target::synchronize(simulation_, *subject_, readers_, kind);
  return {};
}

Outcome MemAllocWorld::barrier(GraceKind kind) {
  subject_->barrier(kind);
  return {};
}

/// The memory of an object goes back to the slab allocator. Task context, or a worker's.
void MemAllocWorld::destruct(void* object, const Context& context) {
  if (context.is_freed) {
    simulation_.stop(VerdictKind::use_after_destroy,
                     "objects go before what their destructor is given", "an allocator",
                     "one that is gone");
  }
  if (live_.owned(offset_of(object))) {
    simulation_.stop(VerdictKind::overlap, "memory that is given up is nobody's", "a free object",
                     "an object in use");
  }
  check_reuse(object);
  if (!is_thing(object)) return;
  auto* const thing = static_cast<MemThing*>(object);
  if (thing->magic != MemThing::kMagic && thing->magic != 0) {
    simulation_.stop(VerdictKind::double_free, "memory is given up once", "an object",
                     "something else");
  }
  if (thing->watchers != 0) {
    simulation_.stop(VerdictKind::grace_period, "memory is given up when no reader can see it",
                     "no reader", "a reader that found it");
  }
  release_hold(*thing);
  thing->magic = MemThing::kGone;
}

void MemAllocWorld::free_context(Context& context) {
  if (context.is_freed) {
    simulation_.stop(VerdictKind::double_free, "what a destructor is given is freed once", "once",
                     "twice");
  }
  context.is_freed = true;
}

/// Everything that was late has come, and nobody has asked for it.
void MemAllocWorld::check_ended() {
  if (exists_ && subject_->is_waiting()) {
    simulation_.stop(VerdictKind::no_progress, "grace periods end without being asked to",
                     "nothing that waits", "objects");
  }
  for (unsigned i = 0; i + (exists_ ? 1 : 0) < created_; ++i) {
    if (contexts_[i].is_freed) continue;
    simulation_.stop(VerdictKind::no_progress, "what is left of a destroyed allocator goes",
                     "nothing", "its caches");
  }
}

void MemAllocWorld::check_sound() {
  if (const std::string_view wrong = subject_->audit(); !wrong.empty()) {
    simulation_.stop(VerdictKind::structure, "structures are sound", "sound", std::string(wrong));
  }
}

void MemAllocWorld::finish() {
  closed_ = true;
  check_ended();
  check_sound();
  if (exists_) {
    give_back();
    exists_ = false;
    subject_->destroy();
  }
  for (int i = 0; i < 4; ++i) {
    subject_->barrier(GraceKind::rcu);
    subject_->barrier(GraceKind::srcu_fast);
  }
  check_settled();
  check_sound();
}

void MemAllocWorld::check_settled() {
  for (unsigned i = 0; i < created_; ++i) {
    if (contexts_[i].is_freed) continue;
    simulation_.stop(VerdictKind::conservation, "what a destructor is given is freed in the end",
                     "freed", "not freed");
  }
  if (const std::int64_t live = subject_->live_objects(); live != 0) {
    simulation_.stop(VerdictKind::conservation, "nothing is left of destroyed allocators",
                     "no object in use", fmt::format("{}", live));
  }
  if (held_ != 0) {
    simulation_.stop(VerdictKind::conservation, "what objects hold goes with their memory",
                     "no reference", fmt::format("{}", held_));
  }
}

}  // namespace anyctx::target

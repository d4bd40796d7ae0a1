// Sweep cases: what a scene is tried with, and how, at each instruction and at each decision point.
//
// A `Play` names a Scene<M>, which has act_as(), hold() and check(), and its cases<M> and
// interruptions<M>.
#pragma once

#include <iterator>

#include "fuzzers/native/instruction_sweep.h"
#include "inject/threads/single_step.h"
#include "inject/threads/threads_machine.h"

namespace anyctx::native {

/// One operation in one state.
template <class Scene>
struct Case {
  const char* name;
  void (*prepare)(Scene&);
  void (*operation)(Scene&);
};
/// What comes in between.
template <class Scene>
struct Interruption {
  const char* name;
  void (*run)(Scene&);
};

/// Prepares the scene and tries one on the other; `at_each` says where.
template <class Scene>
void try_case(Scene& scene, const Case<Scene>& tried, const Interruption<Scene>& interruption,
              void (*at_each)(inject::Trials&), std::uint64_t& places,
              std::vector<SweepRow::Finding>& findings) {
  using Role = typename Scene::Role;
  tried.prepare(scene);
  scene.hold();
  bool was_interrupted = false;
  inject::Trials trials({.operation = [&] { tried.operation(scene); },
                         .interruption =
                             [&] {
                               was_interrupted = true;
                               scene.act_as(Role::inner);
                               interruption.run(scene);
                               scene.act_as(Role::outer);
                             },
                         .check = [&] { return scene.check(was_interrupted); }});
  at_each(trials);
  places = trials.places();
  findings = trials.findings();
}

/// Of an operation on inject::Threads.
inline void try_each_point(inject::Trials& trials) {
  trials.run([&trials](const std::function<void()>& run) {
    inject::Threads::set_hook({[](void* self, machine::PointId point) {
                                 static_cast<inject::Trials*>(self)->visit(point);
                               },
                               &trials});
    run();
    inject::Threads::set_hook({});
  });
}

/// Every case with every interruption. Scenes are made of `arguments`.
template <class Play, class... Arguments>
void sweep_play(const std::string& prefix, const SweepDone& done, const Arguments&... arguments) {
  using inject::Threads;
  using machine::Native;
  const auto& cases = Play::template cases<Native>;
  const auto& interruptions = Play::template interruptions<Native>;
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    for (std::size_t k = 0; k < std::size(interruptions); ++k) {
      SweepRow row;
      row.what = prefix + cases[i].name + " / " + interruptions[k].name;
      {
        typename Play::template Scene<Native> scene(arguments...);
        try_case(scene, cases[i], interruptions[k], inject::try_each_instruction, row.instructions,
                 row.by_instruction);
      }
      typename Play::template Scene<Threads> scene(arguments...);
      try_case(scene, Play::template cases<Threads>[i], Play::template interruptions<Threads>[k],
               try_each_point, row.points, row.by_point);
      done(row);
    }
  }
}

}  // namespace anyctx::native

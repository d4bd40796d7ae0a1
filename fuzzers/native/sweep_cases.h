// Sweep cases: how a case of a scene is tried, at each instruction or at each decision point.
#pragma once

#include "fuzzers/native/instruction_sweep.h"
#include "inject/threads/single_step.h"
#include "inject/threads/threads_machine.h"

namespace anyctx::native {

inline std::vector<SweepRow::Finding> findings_of(const inject::Trials& trials) {
  std::vector<SweepRow::Finding> findings;
  for (const auto& finding : trials.findings()) {
    findings.push_back({finding.place, finding.where, finding.what});
  }
  return findings;
}

/// The operation and its interruption on one scene. Whether it was interrupted is known afterwards.
template <class Scene>
inject::Trials::Scene trial_of(Scene& scene, void (*operation)(Scene&),
                               void (*interruption)(Scene&), bool& was_interrupted) {
  using Role = typename Scene::Role;
  return {.operation = [&scene, operation] { operation(scene); },
          .interruption =
              [&scene, interruption, &was_interrupted] {
                was_interrupted = true;
                scene.act_as(Role::inner);
                interruption(scene);
                scene.act_as(Role::outer);
              },
          .check = [&scene, &was_interrupted] { return scene.check(was_interrupted); }};
}

template <class Scene>
void try_instructions(SweepRow& row, Scene& scene, void (*operation)(Scene&),
                      void (*interruption)(Scene&)) {
  bool was_interrupted = false;
  inject::Trials trials(trial_of(scene, operation, interruption, was_interrupted));
  inject::try_each_instruction(trials);
  row.instructions = trials.places();
  row.by_instruction = findings_of(trials);
}

/// Scene is one on inject::Threads.
template <class Scene>
void try_points(SweepRow& row, Scene& scene, void (*operation)(Scene&),
                void (*interruption)(Scene&)) {
  bool was_interrupted = false;
  inject::Trials trials(trial_of(scene, operation, interruption, was_interrupted));
  trials.run([&trials](const std::function<void()>& run) {
    inject::Threads::set_hook({[](void* self, machine::PointId point) {
                                 static_cast<inject::Trials*>(self)->visit(point);
                               },
                               &trials});
    run();
    inject::Threads::set_hook({});
  });
  row.points = trials.places();
  row.by_point = findings_of(trials);
}

}  // namespace anyctx::native

// ArenaWorld: an arena with the programs and processes that use it. Performs operations on a
// subject, keeps what they return, and has the oracles judge each.
#pragma once

#include <array>
#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/targets/arena_access_oracles.h"
#include "fuzzers/targets/arena_alloc_oracles.h"
#include "fuzzers/targets/arena_page_watch.h"
#include "fuzzers/targets/arena_schema.h"

namespace anyctx::target {

class ArenaWorld final : public engine::World {
 public:
  ArenaWorld(inject::Simulation& simulation, std::unique_ptr<ArenaSubject> subject);

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;
  using Args = std::array<std::uint32_t, program::kMaxArgs>;
  using Slots = engine::Slots<model::SlotRange>;

  /// The arena under test, and one that comes and goes.
  static constexpr unsigned kMain = 0;
  static constexpr unsigned kOther = 1;

  // arena_world.cpp
  Outcome dispatch(const program::Op& op);
  void read_parameters(const program::Program& program);
  Outcome alloc_pages(const Args& args, unsigned slot, bool sleepable);
  Outcome free_pages(const Args& args, bool sleepable);
  Outcome free_range(const Args& args, bool sleepable);
  Outcome reserve_pages(const Args& args);
  void free_at(std::uint64_t pointer, std::uint32_t count, bool sleepable);
  void keep(unsigned slot, const model::SlotRange& range);

  // arena_world_access.cpp
  Outcome program_access(const Args& args);
  Outcome kernel_access(const Args& args);
  Outcome touch(const Args& args);
  ArenaAccess access_of(std::int64_t offset, bool write);

  // arena_world_processes.cpp
  Outcome mmap(const Args& args);
  Outcome mmap(unsigned process, const model::MmapAsk& ask);
  Outcome munmap(unsigned process);
  Outcome fork(unsigned parent, unsigned child);
  Outcome exit(unsigned process);
  void judge_mappings();
  bool is_busy(unsigned process) const;

  // arena_world_maps.cpp
  Outcome map_create(const Args& args);
  Outcome map_destroy();
  Outcome map_op(unsigned op);
  Outcome direct_value(const Args& args);
  Outcome mem_usage();
  /// `before`: what is in use, if nothing else changes that meanwhile.
  Outcome create(unsigned arena, const model::ArenaAttributes& attributes,
                 const ArenaStock* before);
  Outcome renew();
  bool trim_alone();
  void judge_nothing_left();
  void destroy(unsigned arena);
  void destroy_main();
  void free_everything();

  inject::Simulation& simulation_;
  std::unique_ptr<ArenaSubject> subject_;
  ArenaScene scene_;
  ArenaLook look_;
  ArenaPageWatch watch_;
  ArenaOptions options_;
  model::ArenaAttributes attributes_;  // of the arena under test
  std::uint64_t first_mapping_ = 0;    // bytes that process 0 maps from the beginning; 0: none
  std::uint64_t base_ = 0;             // where the arena is, or shall be
  ArenaStock stock_;                   // in use while there is no arena
  Slots slots_;
  std::uint64_t words_ = 0;  // written so far
  bool other_busy_ = false;  // a call has the arena that comes and goes
  bool renewing_ = false;    // a call destroys the arena under test, and creates it
  std::vector<model::VmaView> vmas_;

  struct Process {
    bool mapped = false;
    bool changing = false;  // a call maps, unmaps, forks or ends it
    unsigned touching = 0;  // calls that touch memory of it
  };
  std::array<Process, ArenaSubject::kProcesses> processes_{};
};

}  // namespace anyctx::target

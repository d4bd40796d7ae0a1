#include "tests/cli/tiny_targets.h"

#include <memory>

#include "inject/sim/sim_machine.h"

namespace anyctx::tiny {
namespace {

using engine::Outcome;
using inject::Sim;
using inject::VerdictKind;
using machine::Site;
using machine::SiteInfo;
using machine::SiteKind;
using machine::Verb;

constexpr Site kLimit{240};
constexpr Site kUnused{241};
constexpr SiteInfo kTable[] = {
    {kLimit, SiteKind::limit, "tiny.limit", machine::verbs(Verb::limit), "the operation fails"},
    {kUnused, SiteKind::probe, "tiny.unused", machine::verbs(Verb::probe), "nobody comes here"},
};
constexpr std::span<const SiteInfo> kTables[] = {machine::kOperationTable, kTable};

constexpr program::ParamSpec kParams[] = {{"cpus", 1, 2, 1, {}}};
constexpr program::OpSpec kOps[] = {
    {"act", program::kAnyContext, true, false, {}, 4, 50},
    {"rest", program::kAnyContext, true, false, {}, 1, 50},
};
constexpr std::uint8_t kAct = 0;

/// What is wrong with the subject.
enum class Flaw { none, verdict, crash, hang, idle };

class TinyWorld final : public engine::World {
 public:
  TinyWorld(inject::Simulation& simulation, Flaw flaw) : simulation_(simulation), flaw_(flaw) {}

  void setup(const program::Program&) override { failures_ = 0; }
  void finish() override {}

  Outcome perform(const program::Op& op, inject::Lane) override {
    if (flaw_ == Flaw::idle || op.code != kAct) return {Outcome::Kind::vacuous};
    if (!Sim::fails(kLimit, false)) return {Outcome::Kind::done};
    ++failures_;
    fail();
    return {Outcome::Kind::failed, failures_};
  }

 private:
  void fail() {
    if (flaw_ == Flaw::verdict && simulation_.context() == machine::Context::nmi)
      simulation_.stop(VerdictKind::spurious_failure, "an operation does not fail in an NMI",
                       "0 failures", "1 failure");
    if (flaw_ == Flaw::crash && failures_ == 2) {
      auto freed = std::make_unique<std::uint64_t>(1);
      const volatile std::uint64_t* stale = freed.get();
      freed.reset();
      failures_ += *stale;
    }
    for (volatile bool forever = flaw_ == Flaw::hang; forever;) continue;
  }

  inject::Simulation& simulation_;
  Flaw flaw_;
  std::uint64_t failures_ = 0;
};

constexpr program::Schema schema(std::string_view name, std::uint8_t id) {
  return {name, id, kParams, kOps, kTables};
}
constexpr program::Schema kSchemas[] = {schema("clean", 201), schema("verdict", 202),
                                        schema("crash", 203), schema("hang", 204),
                                        schema("idle", 205)};

template <Flaw flaw>
std::unique_ptr<engine::World> make(inject::Simulation& simulation) {
  return std::make_unique<TinyWorld>(simulation, flaw);
}
constexpr std::size_t kMemory = 64 << 10;
constexpr engine::Target kTargets[] = {
    {&kSchemas[0], "nothing is wrong", kMemory, make<Flaw::none>},
    {&kSchemas[1], "fails in an NMI", kMemory, make<Flaw::verdict>},
    {&kSchemas[2], "reads freed memory", kMemory, make<Flaw::crash>},
    {&kSchemas[3], "never ends", kMemory, make<Flaw::hang>},
    {&kSchemas[4], "does nothing", kMemory, make<Flaw::idle>},
};

}  // namespace

std::span<const engine::Target> targets() {
  return kTargets;
}

}  // namespace anyctx::tiny

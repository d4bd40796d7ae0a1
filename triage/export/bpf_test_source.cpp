// The process of a BPF selftest: it runs the programs in order, and keeps account of the slots.
#include <fmt/format.h>

#include "triage/export/bpf_source.h"
#include "triage/export/bpf_test_code.h"

namespace anyctx::triage {
namespace {

/// Writes the process of one script.
class BpfProcess {
 public:
  explicit BpfProcess(const ArenaScript& script) : script_(script) {}

  std::string text() const {
    std::string text = is_starved() ? "#define _GNU_SOURCE\n" : "";
    text += kProcessIncludes;
    if (script_.has(Kind::touch)) text += kProcessTouchIncludes;
    if (is_starved()) text += kProcessCgroupIncludes;
    text += kProcessAccount;
    if (script_.has(Kind::release)) text += kProcessRelease;
    if (script_.has(Kind::settle)) text += kProcessSettle;
    if (script_.has(Kind::reserve)) text += kProcessReserve;
    if (script_.has(Kind::touch)) text += touch();
    if (is_starved()) text += cgroup();
    return filled(text + create() + test(), "MAPPED", fmt::format("{}", script_.mapped));
  }

 private:
  using Kind = ArenaCall::Kind;

  bool is_starved() const { return script_.is_starved(); }

  std::string touch() const {
    const std::string text =
        filled(std::string(kProcessTouch), "SEGV", script_.segv ? "true || " : "");
    return filled(text, "SEGV_ON_FAULT", script_.segv ? "true" : "false");
  }

  std::string cgroup() const {
    const bool worker = script_.is_starved(Kind::settle);
    const std::string text =
        filled(std::string(kProcessCgroup), "FIRST", worker ? kProcessFirst : "");
    return filled(text, "LAST", worker ? kProcessLast : "");
  }

  std::string create() const {
    std::string text = filled(std::string(kProcessCreate), "PLACE", place());
    text = filled(text, "FIXED", place() == "NULL" ? "" : " | MAP_FIXED");
    return filled(text, "CREATE", is_starved() ? "create_charged(map, &opts)" : kProcessOwnCreate);
  }

  /// Of the mapping.
  std::string place() const {
    if (script_.placed) return "(void *)(unsigned long)opts.map_extra";
    switch (script_.base) {
      case ArenaScript::Base::zero:
        return "NULL";
      case ArenaScript::Base::top:
        return "(void *)((1ul << 44) + (1ul << 32) - bytes)";
      case ArenaScript::Base::middle:
        return "(void *)((1ul << 44) + 0x26200000)";
    }
    return {};
  }

  std::string test() const {
    std::string calls;
    for (const ArenaCall& call : script_.calls) calls += statement(call);
    std::string text = filled(std::string(kProcessTest), "VARIABLES", variables());
    text = filled(text, "CALLS", calls);
    text = filled(text, "CPUS", is_starved() ? "\tcpu_set_t cpus;\n" : "");
    text = filled(text, "STAY", is_starved() ? "\tstay_here(&cpus);\n" : "");
    return filled(text, "LEAVE", is_starved() ? kProcessLeave : "");
  }

  std::string variables() const {
    std::string names;
    for (const ArenaCall& call : script_.calls) {
      if (!call.result.empty()) names += (names.empty() ? "" : ", ") + call.result;
    }
    return names.empty() ? "" : fmt::format("\tlong {};\n", names);
  }

  static std::string statement(const ArenaCall& call) {
    const std::string begin = fmt::format("\n\tprintf(\"{}\\n\");\n", call.text);
    if (!call.starved) return begin + made(call);
    const std::string_view limit = "\tif (!starve(acc, {}))\n\t\treturn;\n";
    return begin + fmt::format(fmt::runtime(limit), true) + made(call) +
           fmt::format(fmt::runtime(limit), false);
  }

  static std::string made(const ArenaCall& call) {
    if (call.kind == Kind::settle) return "\tsettle();\n";
    const std::string has_it = call.memory.empty() ? "" : call.memory + " != NOWHERE && ";
    return fmt::format("\tif ({}!{})\n\t\treturn;\n", has_it, expression(call));
  }

  static std::string expression(const ArenaCall& call) {
    const std::string_view suffix = call.sleepable ? "" : "_non_sleepable";
    switch (call.kind) {
      case Kind::allocate:
        return fmt::format("allocate(acc, acc->skel->progs.alloc_pages{}, {}, {}, &{})", suffix,
                           call.slot, call.count, call.result);
      case Kind::release:
        return fmt::format("release(acc, acc->skel->progs.free_pages{}, {}, {})", suffix, call.slot,
                           call.count);
      case Kind::reserve:
        return fmt::format("reserve(acc, {}, {})", call.slot, call.count);
      case Kind::touch:
        return fmt::format("touch(acc, {}, {})", call.slot, call.write);
      case Kind::settle:
        return {};
    }
    return {};
  }

  const ArenaScript& script_;
};

}  // namespace

std::string bpf_test_source(const BpfTestHead& head, const ArenaScript& script) {
  return bpf_source_begin(head) + filled(BpfProcess(script).text(), "NAME", head.name);
}

}  // namespace anyctx::triage

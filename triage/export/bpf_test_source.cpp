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
    if (is_starved()) text += kProcessCgroup;
    if (script_.is_starved(Kind::settle)) text += kProcessFirst;
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
    for (std::size_t i = 0; i < script_.calls.size(); ++i) calls += statement(i);
    std::string text = filled(std::string(kProcessTest), "VARIABLES", variables());
    text = filled(text, "CALLS", calls);
    text = filled(text, "CPUS", is_starved() ? "\tcpu_set_t cpus;\n" : "");
    text = filled(text, "STAY", is_starved() ? "\tstay_here(&cpus);\n" : "");
    const std::string_view last = script_.is_starved(Kind::settle) ? "\tgo_first(false);\n" : "";
    text = filled(text, "LAST", last);
    return filled(text, "LEAVE", is_starved() ? kProcessLeave : "");
  }

  std::string variables() const {
    std::string names;
    for (const ArenaCall& call : script_.calls) {
      if (!call.result.empty()) names += (names.empty() ? "" : ", ") + call.result;
    }
    return names.empty() ? "" : fmt::format("\tlong {};\n", names);
  }

  std::string statement(std::size_t index) const {
    const ArenaCall& call = script_.calls[index];
    std::string text = fmt::format("\n\tprintf(\"{}\\n\");\n", call.text);
    if (is_starved_worker(index + 1)) text += checked("go_first(true)");
    if (call.starved) text += checked("starve(acc, true)");
    text +=
        call.kind == Kind::settle ? "\tsettle();\n" : checked(expression(call), condition(call));
    if (call.starved) text += checked("starve(acc, false)");
    if (is_starved_worker(index)) text += checked("go_first(false)");
    return text;
  }

  bool is_starved_worker(std::size_t index) const {
    return index < script_.calls.size() && script_.calls[index].kind == Kind::settle &&
           script_.calls[index].starved;
  }

  static std::string checked(const std::string& expression, std::string_view condition = "") {
    return fmt::format("\tif ({}!{})\n\t\treturn;\n", condition, expression);
  }

  /// What was not allocated is not freed.
  static std::string condition(const ArenaCall& call) {
    return call.memory.empty() ? "" : call.memory + " != NOWHERE && ";
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

// The programs of a BPF selftest: each makes one call for the process.
#include <fmt/format.h>

#include "triage/export/bpf_source.h"
#include "triage/export/regression.h"

namespace anyctx::triage {
namespace {

constexpr std::string_view kArenaProgram = R"c(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf_arena_common.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, @FLAGS@);
	__uint(max_entries, @ENTRIES@); /* number of pages */
@PLACE@} arena SEC(".maps");

/* What a program is to do, and what came of it. */
__u64 place;
__u32 count;
void __arena *memory;
@ERROR@)c";

// Upper halves as other tests of arenas have them.
constexpr std::string_view kStartOfMapping = R"c(#ifdef __TARGET_ARCH_arm64
	__ulong(map_extra, (1ull << 32)@LOW@); /* start of the mapping */
#else
	__ulong(map_extra, (1ull << 44)@LOW@); /* start of the mapping */
#endif
)c";

constexpr std::string_view kAllocProgram = R"c(
SEC("@SECTION@")
int alloc_pages@SUFFIX@(void *ctx)
{
	memory = bpf_arena_alloc_pages(&arena, (void __arena *)place, count, NUMA_NO_NODE, 0);
	return 0;
}
)c";

constexpr std::string_view kFreeProgram = R"c(
SEC("@SECTION@")
int free_pages@SUFFIX@(void *ctx)
{
	bpf_arena_free_pages(&arena, (void __arena *)place, count);
	return 0;
}
)c";

constexpr std::string_view kReserveProgram = R"c(
SEC("syscall")
int reserve_pages(void *ctx)
{
	error = bpf_arena_reserve_pages(&arena, (void __arena *)place, count);
	return 0;
}
)c";

/// A program of a kind that may sleep, or of one that may not: the verifier chooses the function.
std::string program_variant(std::string_view text, bool sleepable) {
  return filled(filled(std::string(text), "SECTION", sleepable ? "syscall" : "raw_tp"), "SUFFIX",
                sleepable ? "" : "_non_sleepable");
}

std::string low_half(const ArenaScript& script) {
  switch (script.base) {
    case ArenaScript::Base::zero:
      return "";
    case ArenaScript::Base::top:
      return fmt::format(" + (1ull << 32) - {}ull * __PAGE_SIZE", script.entries);
    case ArenaScript::Base::middle:
      return " + 0x26200000";
  }
  return {};
}

}  // namespace

std::string bpf_program_source(const BpfTestHead& head, const ArenaScript& script) {
  using Kind = ArenaCall::Kind;
  std::string text = bpf_source_begin(head) + std::string(kArenaProgram);
  text = filled(text, "PLACE", script.placed ? kStartOfMapping : "");
  text = filled(text, "LOW", low_half(script));
  text = filled(text, "FLAGS",
                script.segv ? "BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT" : "BPF_F_MMAPABLE");
  text = filled(text, "ENTRIES", fmt::format("{}", script.entries));
  text = filled(text, "ERROR", script.has(Kind::reserve) ? "int error;\n" : "");
  text += program_variant(kAllocProgram, true);  // the end of each test needs it
  if (script.has(Kind::allocate, false)) text += program_variant(kAllocProgram, false);
  if (script.has(Kind::release, true)) text += program_variant(kFreeProgram, true);
  if (script.has(Kind::release, false)) text += program_variant(kFreeProgram, false);
  if (script.has(Kind::reserve)) text += kReserveProgram;
  return text + "\nchar _license[] SEC(\"license\") = \"GPL\";\n";
}

std::string bpf_source_begin(const BpfTestHead& head) {
  return fmt::format("// SPDX-License-Identifier: GPL-2.0\n/*\n{} */\n",
                     commented(head.about, " *"));
}

std::string filled(std::string text, std::string_view word, std::string_view value) {
  const std::string mark = fmt::format("@{}@", word);
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
  return text;
}

}  // namespace anyctx::triage

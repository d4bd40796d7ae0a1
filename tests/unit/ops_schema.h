// A made-up target whose schema has every kind of parameter, argument, lane rule and site.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::program::demo {

using machine::Site;
using machine::SiteInfo;
using machine::SiteKind;
using machine::Verb;

inline constexpr Site kHead{240};
inline constexpr Site kListLock{241};
inline constexpr Site kWatermark{242};
inline constexpr Site kWindow{243};
inline constexpr Site kWork{244};
inline constexpr Site kLocal{245};

inline constexpr SiteInfo kStackSites[] = {
    {kHead, SiteKind::word, "demo.head", machine::verbs(Verb::load, Verb::cas), "top"},
    {kListLock, SiteKind::lock, "demo.list_lock", machine::verbs(Verb::trylock, Verb::unlock), ""},
    {kWatermark, SiteKind::limit, "demo.watermark", machine::verbs(Verb::limit), ""},
};
inline constexpr SiteInfo kDeferSites[] = {
    {kWindow, SiteKind::probe, "demo.window", machine::verbs(Verb::probe), ""},
    {kWork, SiteKind::irq_work, "demo.work", machine::verbs(Verb::raise), ""},
    {kLocal, SiteKind::local_lock, "demo.local", machine::verbs(Verb::trylock), ""},
};
inline constexpr std::span<const SiteInfo> kSites[] = {kStackSites, kDeferSites};

inline constexpr std::string_view kNoYes[] = {"no", "yes"};
inline constexpr std::string_view kModes[] = {"classic", "sheaves"};
inline constexpr std::string_view kFlagWords[] = {"zero", "account", "high"};
inline constexpr std::string_view kSlabWords[] = {"panic", "debug"};
inline constexpr std::string_view kMoreWords[] = {"fast"};
inline constexpr std::string_view kCacheWord[] = {"cache"};
inline constexpr std::uint32_t kSizes[] = {8, 96, 192, 4096, 8192};

inline constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 1, {}},
    {"pages", 16, 65536, 256, {}},
    {"cas2", 0, 1, 1, kNoYes},
    {"slab", 3, 4, 3, kModes},
};

inline constexpr ArgSpec kAllocArgs[] = {
    {"size", ArgKind::choice, 0, 10000, kSizes, {}},
    {"flags", ArgKind::flags, 0, 0, {}, kFlagWords, true, 0},
    {"node", ArgKind::number, 0, 3, {}, {}, true, 0},
};
inline constexpr ArgSpec kFreeArgs[] = {{"object", ArgKind::slot}};
inline constexpr ArgSpec kCreateArgs[] = {
    {"cache", ArgKind::index, 0, 3, {}, kCacheWord},
    {"size", ArgKind::number, 1, 0xffffffffu},
    {"flags", ArgKind::flags, 0, 0, {}, kSlabWords},
    {"like", ArgKind::slot, 0, 0, {}, {}, true, 25},
};
/// Two optional sets of flags: neither may do without its name.
inline constexpr ArgSpec kTuneArgs[] = {
    {"first", ArgKind::flags, 0, 0, {}, kMoreWords, true, 1},
    {"second", ArgKind::flags, 0, 0, {}, kMoreWords, true, 0},
    {"cache", ArgKind::index, 1, 300, {}, kCacheWord, true, 2},
};

inline constexpr OpSpec kOps[] = {
    {"alloc", kAnyContext, true, true, kAllocArgs, 8, 100},
    {"free", kAnyContext, true, false, kFreeArgs, 8, 100},
    {"create", kTaskOnly, false, true, kCreateArgs, 1},
    {"tune", kMaySpin, false, false, kTuneArgs, 1},
    {"shrink", kTaskOnly, false, false, {}, 1},
};
inline constexpr std::uint8_t kAlloc = 0;
inline constexpr std::uint8_t kFree = 1;
inline constexpr std::uint8_t kCreate = 2;
inline constexpr std::uint8_t kTune = 3;
inline constexpr std::uint8_t kShrink = 4;

inline constexpr Schema kSchema{"demo", 42, kParams, kOps, kSites};

}  // namespace anyctx::program::demo

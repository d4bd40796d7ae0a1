// DebugObject: the bytes in and around an object of a debug cache that nobody may change.
// Source: Linux 7.3 mm/slub.c (init_object, check_object), include/linux/poison.h.
#pragma once

#include "lib/machine/raw.h"
#include "lib/slab/layout.h"

namespace anyctx::slab {

/// A view of one slot. All accesses bypass sanitizers: most of these bytes are never valid for
/// anybody else. Caller owns the object or holds the list lock.
class DebugObject {
 public:
  static constexpr std::uint8_t kFree = 0x6b;
  static constexpr std::uint8_t kFreeEnd = 0xa5;
  static constexpr std::uint8_t kPadding = 0x5a;
  static constexpr std::uint8_t kRedZoneInactive = 0xbb;
  static constexpr std::uint8_t kRedZoneActive = 0xcc;

  template <class C>
  DebugObject(const C& cache, void* object)
      : layout_(cache.layout()),
        object_(static_cast<std::byte*>(object)),
        red_zone_(has(cache.config().flags, CacheFlags::red_zone)),
        poison_(has(cache.config().flags, CacheFlags::poison) &&
                cache.config().constructor == nullptr) {}

  /// A slot of a fresh slab.
  void prepare() const {
    if (layout_.track_offset != 0) {
      set_track(0, {});
      set_track(1, {});
    }
    set_requested_size(layout_.object_size);
    set_inactive();
  }
  void set_inactive() const { fill(kRedZoneInactive, layout_.object_size); }
  void set_active(std::uint32_t requested_size) const {
    set_requested_size(requested_size);
    fill(kRedZoneActive, end_of_use());
  }

  /// The first byte that is not what it has to be, or null.
  const void* find_damage_inactive() const {
    if (const void* damage = find_red_zone_damage(kRedZoneInactive, layout_.object_size)) {
      return damage;
    }
    return find_poison_damage();
  }
  const void* find_damage_active() const {
    return find_red_zone_damage(kRedZoneActive, end_of_use());
  }
  /// Whether damage is outside of the object itself.
  bool is_red_zone(const void* where) const {
    const auto* const byte = static_cast<const std::byte*>(where);
    return byte < object_ || byte >= object_ + layout_.object_size;
  }

  /// `which`: 0 allocated, 1 freed. Recorded only if the cache records users.
  void set_track(unsigned which, const Track& track) const {
    machine::raw::store_hidden(track_word(which), track.cpu);
    machine::raw::store_hidden(track_word(which) + 1, track.sequence);
  }
  Track track(unsigned which) const {
    const std::uint64_t cpu = machine::raw::load_hidden(track_word(which));
    return {cpu, machine::raw::load_hidden(track_word(which) + 1)};
  }

  /// From here on the red zone begins: what the user asked for, if that is recorded.
  std::uint32_t end_of_use() const {
    if (layout_.size_offset == 0) return layout_.object_size;
    return static_cast<std::uint32_t>(machine::raw::load_hidden(word_at(layout_.size_offset)));
  }
  void set_requested_size(std::uint32_t size) const {
    if (layout_.size_offset != 0) {
      machine::raw::store_hidden(word_at(layout_.size_offset), size);
    }
  }

 private:
  std::uint64_t* word_at(std::uint32_t offset) const {
    return reinterpret_cast<std::uint64_t*>(object_ + offset);
  }
  std::uint64_t* track_word(unsigned which) const {
    return word_at(layout_.track_offset) + which * (sizeof(Track) / kWord);
  }

  void fill(std::uint8_t red_zone, std::uint32_t end) const {
    if (red_zone_)
      machine::raw::fill_hidden(object_ - layout_.left_pad, red_zone, layout_.left_pad);
    if (poison_) {
      machine::raw::fill_hidden(object_, kFree, end - 1);
      machine::raw::fill_hidden(object_ + end - 1, kFreeEnd, 1);
    }
    if (red_zone_) machine::raw::fill_hidden(object_ + end, red_zone, layout_.inuse - end);
  }

  const void* find_red_zone_damage(std::uint8_t byte, std::uint32_t end) const {
    if (!red_zone_) return nullptr;
    const void* const left =
        machine::raw::find_other_hidden(object_ - layout_.left_pad, byte, layout_.left_pad);
    if (left != nullptr) return left;
    return machine::raw::find_other_hidden(object_ + end, byte, layout_.inuse - end);
  }
  const void* find_poison_damage() const {
    if (!poison_) return nullptr;
    const std::uint32_t last = layout_.object_size - 1;
    const void* const body = machine::raw::find_other_hidden(object_, kFree, last);
    if (body != nullptr) return body;
    return machine::raw::find_other_hidden(object_ + last, kFreeEnd, 1);
  }

  const Layout& layout_;
  std::byte* object_;
  bool red_zone_;
  bool poison_;
};

}  // namespace anyctx::slab

// Memory: the physical memory of a simulated machine. Dirty on purpose, and equally so in each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace anyctx::inject {

/// Who wants to know of memory that is given up, at that moment, whatever the context: an oracle.
class HideWatch {
 public:
  virtual void hidden(const void* p, std::size_t n) = 0;

 protected:
  ~HideWatch() = default;
};

/// A fixed region that programs run in one after the other. Every byte has the value kDirt at the
/// start of a run, so that memory which should have been zeroed shows, and so that a run cannot see
/// what an earlier one left. Only what was used is written again.
class Memory {
 public:
  static constexpr unsigned char kDirt = 0xd1;

  /// `bytes` are rounded up to 64 KiB and aligned to 4 MiB. Throws std::bad_alloc.
  explicit Memory(std::size_t bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::byte* base() const { return base_; }
  std::size_t bytes() const { return bytes_; }
  bool contains(const void* p) const { return p >= base_ && p < base_ + bytes_; }

  /// Remembers that [p, p+n) may be written. Ranges outside the region are ignored.
  void touch(const void* p, std::size_t n);

  /// Remembers that [p, p+n) may be hidden from ASan's users. That is no reason to write it again:
  /// who writes to it got it by touch() before.
  void hide(const void* p, std::size_t n);

  /// `watch` is told of each hide(), and not owned; null: nobody is.
  void watch(HideWatch* watch) { watch_ = watch; }

  /// Makes everything that was touched dirty again, and what was hidden addressable for ASan.
  void reset();

 private:
  static constexpr std::size_t kBlock = 4096;

  /// Blocks, each listed once. The list has room for all.
  struct BlockSet {
    explicit BlockSet(std::size_t blocks) : contains(blocks, 0) { list.reserve(blocks); }
    void add(std::size_t first, std::size_t last);
    void clear();

    std::vector<std::uint8_t> contains;  // by block
    std::vector<std::uint32_t> list;
  };

  /// Adds the blocks of [p, p+n), as far as it is inside.
  void add(BlockSet& set, const void* p, std::size_t n);

  std::byte* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  HideWatch* watch_ = nullptr;
  BlockSet touched_;
  BlockSet hidden_;
};

}  // namespace anyctx::inject

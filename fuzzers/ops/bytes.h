// Bytes: little-endian reading and writing. Reading never fails: after the end come zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace anyctx::program {

using Bytes = std::vector<std::uint8_t>;

class ByteWriter {
 public:
  void u8(unsigned value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }
  void u16(unsigned value) { little_endian(value, 2); }
  void u32(std::uint32_t value) { little_endian(value, 4); }
  void u64(std::uint64_t value) { little_endian(value, 8); }
  void append(std::span<const std::uint8_t> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  Bytes take() { return std::move(bytes_); }

 private:
  void little_endian(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) u8(static_cast<unsigned>(value >> (8 * i) & 0xff));
  }

  Bytes bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  std::span<const std::uint8_t> rest() const { return bytes_; }

 private:
  std::uint64_t little_endian(unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size && !bytes_.empty(); ++i) {
      value |= std::uint64_t{bytes_.front()} << (8 * i);
      bytes_ = bytes_.subspan(1);
    }
    return value;
  }

  std::span<const std::uint8_t> bytes_;
};

}  // namespace anyctx::program

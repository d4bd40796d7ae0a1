// Draws: the one source of nondeterminism. A draw is a number below a bound; 0 is always the
// default ("nothing happens"). Three readers produce draws; the fourth reader of a run, the sparse
// list of recorded decisions, needs none (inject/fault/script.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inject/choice/rng.h"

namespace anyctx::inject {

/// A stream of bounded draws. Legal in every context: no lock, no allocation, no printing.
class Draws {
 public:
  virtual ~Draws() = default;
  /// A number below `bound` (bound >= 1). After the end of the stream: 0.
  virtual std::uint32_t draw(std::uint32_t bound) = 0;
  /// True when only defaults are left, so that nobody needs to ask again.
  virtual bool exhausted() const = 0;
};

/// Reads draws from bytes: one byte per draw with bound <= 256, two otherwise (little endian).
class BytesDraws final : public Draws {
 public:
  explicit BytesDraws(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint32_t draw(std::uint32_t bound) override;
  bool exhausted() const override { return bytes_.empty(); }

 private:
  std::uint32_t take_byte();

  std::span<const std::uint8_t> bytes_;
};

/// Never ends.
class RandomDraws final : public Draws {
 public:
  explicit RandomDraws(std::uint64_t seed) : rng_(seed) {}
  std::uint32_t draw(std::uint32_t bound) override { return rng_.below(bound); }
  bool exhausted() const override { return false; }

 private:
  Rng rng_;
};

/// Enumerates every sequence of draws that a deterministic body can make, shortest changes last:
///
///   ExhaustiveDraws draws;
///   do { body(draws); } while (draws.next());
///
/// Keeps the values drawn and their bounds as an odometer: the last draw that can still grow is
/// incremented and everything after it forgotten. For bounds 2, 3: 00 01 02 10 11 12.
/// The body must draw the same bounds for the same values drawn before. At most `depth` draws are
/// enumerated; later ones are 0.
class ExhaustiveDraws final : public Draws {
 public:
  explicit ExhaustiveDraws(std::size_t depth = 64) { row_.reserve(depth); }
  std::uint32_t draw(std::uint32_t bound) override;
  bool exhausted() const override { return position_ == row_.capacity(); }
  /// Goes to the next sequence; false when all were visited.
  bool next();

 private:
  struct Digit {
    std::uint32_t value;
    std::uint32_t bound;
  };
  std::vector<Digit> row_;
  std::size_t position_ = 0;
};

}  // namespace anyctx::inject

// StreamLog: what was written to a stream of text, and whether a reader gets that: in order, each
// batch as a whole, everything once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fuzzers/model/finding.h"

namespace anyctx::model {

/// Every piece of text begins with its number, which determines the rest: so whatever a reader gets
/// tells what it is. Storage is fixed: what no longer fits is not to be written. Numbers are never
/// used again.
class StreamLog {
 public:
  using Batch = std::uint32_t;
  using Piece = std::uint32_t;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kLeastText = 4;

  void reset();

  // Writers.

  /// kNone: no storage left.
  Batch begin_batch();
  /// A piece that is about to be written; kNone: no storage left.
  Piece make_piece(std::uint32_t bytes);
  static void fill(Piece piece, std::byte* text, std::uint32_t bytes);
  /// It is the next one of a batch.
  void add(Batch batch, Piece piece);
  /// From now on readers may get it.
  void begin_commit(Batch batch);
  MaybeFinding end_commit(Batch batch, bool was_accepted);
  std::uint32_t bytes(Batch batch) const { return batches_[batch].bytes; }

  // Readers, each in turn.

  /// A read begins; what it is remembered by.
  struct Read {
    std::uint64_t began = 0;
    std::uint64_t taken = 0;  // by everybody
  };
  Read begin_read() { return {++time_, taken_}; }
  MaybeFinding take(const std::byte* text, std::uint32_t bytes);
  /// The read found no more, after it had got `bytes`.
  MaybeFinding end_read(const Read& read, std::uint32_t bytes);
  /// All that was unread is gone with the stream.
  void forget_unread();

  /// Of pieces that readers may get and have not got to the end of.
  std::uint32_t unread_bytes() const { return unread_bytes_; }
  std::uint32_t unread_pieces() const { return unread_pieces_; }
  /// A number for this moment, greater than any before.
  std::uint64_t now() { return ++time_; }
  /// When the last read began that found no more.
  std::uint64_t last_empty() const { return last_empty_; }
  /// Whether a batch waits that no reader has begun with.
  bool has_untouched() const;

 private:
  enum class State : std::uint8_t { staged, committing, accepted, refused, begun, gone };
  struct PieceRecord {
    std::uint32_t bytes = 0;
    Batch batch = kNone;
    Piece next = kNone;
    bool is_read = false;
  };
  struct BatchRecord {
    Piece first = kNone;
    Piece last = kNone;
    std::uint32_t pieces = 0;
    std::uint32_t bytes = 0;
    std::uint64_t began = 0;  // the commit
    std::uint64_t ended = 0;  // 0: not yet
    State state = State::staged;
  };

  MaybeFinding begin_piece();
  MaybeFinding begin_reading(BatchRecord& batch);
  void end_piece();
  void count_unread(const BatchRecord& batch);

  std::array<PieceRecord, 4096> pieces_{};
  std::array<BatchRecord, 2048> batches_{};
  std::uint32_t piece_count_ = 0;
  std::uint32_t batch_count_ = 0;
  std::uint64_t time_ = 0;
  std::uint64_t taken_ = 0;         // bytes that readers got
  std::uint64_t latest_began_ = 0;  // of all batches that readers got
  std::uint64_t last_empty_ = 0;
  std::uint32_t unread_bytes_ = 0;
  std::uint32_t unread_pieces_ = 0;
  // The piece that readers are in the middle of.
  std::uint32_t offset_ = 0;  // 0: in none
  Piece piece_ = 0;           // as far as its number was read
  Piece expected_ = kNone;    // the next one of the batch that is being read
};

}  // namespace anyctx::model

#include "fuzzers/model/stream_log.h"

#include <algorithm>
#include <string>

#include "fuzzers/model/content.h"

namespace anyctx::model {
namespace {

constexpr std::string_view kWritten = "readers get what was written, once";
constexpr std::string_view kWhole = "a batch appears as a whole";
constexpr std::string_view kOrder = "what was committed first is read first";

std::string name(std::uint32_t piece) {
  return "piece #" + std::to_string(piece);
}

}  // namespace

void StreamLog::reset() {
  piece_count_ = 0;
  batch_count_ = 0;
  time_ = 0;
  taken_ = 0;
  latest_began_ = 0;
  last_empty_ = 0;
  unread_bytes_ = 0;
  unread_pieces_ = 0;
  offset_ = 0;
  expected_ = kNone;
}

StreamLog::Batch StreamLog::begin_batch() {
  if (batch_count_ == batches_.size()) return kNone;
  batches_[batch_count_] = {};
  return batch_count_++;
}

StreamLog::Piece StreamLog::make_piece(std::uint32_t bytes) {
  if (piece_count_ == pieces_.size()) return kNone;
  pieces_[piece_count_] = {.bytes = bytes};
  return piece_count_++;
}

void StreamLog::fill(Piece piece, std::byte* text, std::uint32_t bytes) {
  for (std::uint32_t i = 0; i < bytes; ++i) {
    text[i] = i < kLeastText ? static_cast<std::byte>(piece >> 8 * i)
                             : static_cast<std::byte>(content_byte(i, piece));
  }
}

void StreamLog::add(Batch batch, Piece piece) {
  BatchRecord& record = batches_[batch];
  pieces_[piece].batch = batch;
  (record.first == kNone ? record.first : pieces_[record.last].next) = piece;
  record.last = piece;
  ++record.pieces;
  record.bytes += pieces_[piece].bytes;
}

void StreamLog::begin_commit(Batch batch) {
  batches_[batch].state = State::committing;
  batches_[batch].began = ++time_;
}

MaybeFinding StreamLog::end_commit(Batch batch, bool was_accepted) {
  BatchRecord& record = batches_[batch];
  record.ended = ++time_;
  if (record.pieces == 0) {
    record.state = State::gone;
  } else if (record.state == State::committing) {
    record.state = was_accepted ? State::accepted : State::refused;
    if (was_accepted) count_unread(record);
  } else if (!was_accepted) {
    return Finding{Fault::conservation, kWritten, "nothing of a batch that was refused",
                   name(record.first)};
  }
  return {};
}

void StreamLog::count_unread(const BatchRecord& batch) {
  unread_bytes_ += batch.bytes;
  unread_pieces_ += batch.pieces;
}

MaybeFinding StreamLog::take(const std::byte* text, std::uint32_t bytes) {
  taken_ += bytes;
  for (std::uint32_t i = 0; i < bytes; ++i) {
    if (offset_ < kLeastText) {
      piece_ = (offset_ == 0 ? 0 : piece_) | static_cast<Piece>(text[i]) << 8 * offset_;
      if (++offset_ < kLeastText) continue;
      if (MaybeFinding finding = begin_piece()) return finding;
    } else {
      const auto expected = static_cast<std::byte>(content_byte(offset_, piece_));
      if (text[i] != expected) {
        return Finding{Fault::conservation, kWritten, name(piece_) + " as it was written",
                       "other text at offset " + std::to_string(offset_)};
      }
      ++offset_;
    }
    if (offset_ == pieces_[piece_].bytes) end_piece();
  }
  return {};
}

/// Its number is known now.
MaybeFinding StreamLog::begin_piece() {
  if (piece_ >= piece_count_ || pieces_[piece_].batch == kNone) {
    return Finding{Fault::conservation, kWritten, "a piece that was committed", "other text"};
  }
  const PieceRecord& piece = pieces_[piece_];
  BatchRecord& batch = batches_[piece.batch];
  if (piece.is_read) return Finding{Fault::conservation, kWritten, "once", name(piece_) + " again"};
  if (expected_ != kNone && piece_ != expected_) {
    return Finding{Fault::structure, kWhole, name(expected_), name(piece_)};
  }
  if (expected_ == kNone && piece_ != batch.first) {
    return Finding{Fault::structure, kWhole, name(batch.first), name(piece_)};
  }
  return expected_ == kNone ? begin_reading(batch) : MaybeFinding{};
}

MaybeFinding StreamLog::begin_reading(BatchRecord& batch) {
  if (batch.state == State::committing) {
    count_unread(batch);
  } else if (batch.state != State::accepted) {
    return Finding{Fault::conservation, kWritten, "a piece that was committed",
                   name(piece_) + ", which was not"};
  }
  batch.state = State::begun;
  if (batch.ended != 0 && batch.ended < latest_began_) {
    return Finding{Fault::structure, kOrder, name(piece_) + " before what was committed later",
                   name(piece_) + " after it"};
  }
  latest_began_ = std::max(latest_began_, batch.began);
  return {};
}

void StreamLog::end_piece() {
  PieceRecord& piece = pieces_[piece_];
  piece.is_read = true;
  unread_bytes_ -= piece.bytes;
  --unread_pieces_;
  expected_ = piece.next;
  offset_ = 0;
  if (expected_ == kNone) batches_[piece.batch].state = State::gone;
}

MaybeFinding StreamLog::end_read(const Read& read, std::uint32_t bytes) {
  last_empty_ = std::max(last_empty_, read.began);
  for (Batch i = 0; i < batch_count_; ++i) {
    const BatchRecord& batch = batches_[i];
    if (batch.state != State::accepted || batch.ended > read.began) continue;
    return Finding{Fault::conservation, kWritten,
                   name(batch.first) + ", which was committed before", "no more text"};
  }
  // Others may have begun with a batch since this read ended.
  const bool was_alone = taken_ == read.taken + bytes;
  if (was_alone && (offset_ != 0 || expected_ != kNone)) {
    return Finding{Fault::structure, kWhole, name(offset_ != 0 ? piece_ : expected_),
                   "no more text"};
  }
  return {};
}

void StreamLog::forget_unread() {
  for (Batch i = 0; i < batch_count_; ++i) {
    BatchRecord& batch = batches_[i];
    if (batch.state == State::accepted || batch.state == State::begun) batch.state = State::gone;
  }
  unread_bytes_ = 0;
  unread_pieces_ = 0;
  offset_ = 0;
  expected_ = kNone;
}

bool StreamLog::has_untouched() const {
  return std::any_of(batches_.begin(), batches_.begin() + batch_count_,
                     [](const BatchRecord& batch) { return batch.state == State::accepted; });
}

}  // namespace anyctx::model

// Streams: order, batches, room, failures, readers who get a part, and what is told to whom.
#include "lib/bpf/stream.h"

#include <string>
#include <string_view>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

namespace bpf_site = bpf::site;

class StreamTest : public SlabBed {
 protected:
  using Stream = bpf::Stream<M>;
  using Stage = bpf::StreamStage<M>;

  ~StreamTest() override {
    if (stream_ == nullptr) return;
    Stream::destroy(stream_);
    expect_nothing_live();
  }

  void set_up(std::uint32_t capacity = 1000) {
    init();
    stream_ = Stream::create(slabs, {.capacity = capacity, .notify = count, .owner = this});
    ASSERT_NE(stream_, nullptr);
  }
  static void count(void* self) { ++static_cast<StreamTest*>(self)->told_; }

  static int add(Stage& stage, std::string_view text) {
    return stage.add(text.data(), static_cast<std::uint32_t>(text.size()));
  }
  int push(std::string_view text) {
    const bool outer = std::exchange(script().nolock, true);
    const int result = stream_->push(text.data(), static_cast<std::uint32_t>(text.size()));
    script().nolock = outer;
    return result;
  }
  /// What a reader gets; he stores no more than `fits` bytes.
  std::string read(std::uint32_t most = 10000, std::size_t fits = 10000) {
    struct To {
      std::string text;
      std::size_t fits;
    } to{"", fits};
    last_read_ = stream_->read(
        most,
        [](void* p, const char* text, std::uint32_t bytes) {
          To& own = *static_cast<To*>(p);
          if (own.text.size() + bytes > own.fits) return false;
          own.text.append(text, bytes);
          return true;
        },
        &to);
    return to.text;
  }

  Stream* stream_ = nullptr;
  int told_ = 0;
  int last_read_ = 0;
};

TEST_F(StreamTest, GivesBackWhatWasWrittenInOrder) {
  set_up();
  EXPECT_EQ(push("one "), 0);
  EXPECT_EQ(push("two "), 0);
  EXPECT_EQ(read(), "one two ");
  EXPECT_EQ(push("three"), 0);
  EXPECT_EQ(read(), "three");
  EXPECT_EQ(last_read_, 5);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(last_read_, 0);
  EXPECT_EQ(stream_->peek_used(), 0u);
}

TEST_F(StreamTest, ReadersGetParts) {
  set_up();
  EXPECT_EQ(push("abcdef"), 0);
  EXPECT_EQ(push("ghi"), 0);
  EXPECT_EQ(read(4), "abcd");
  EXPECT_EQ(stream_->peek_used(), 9u) << "a piece counts until all of it was read";
  EXPECT_EQ(push("jkl"), 0);
  EXPECT_EQ(read(3), "efg");
  EXPECT_EQ(read(), "hijkl");
}

TEST_F(StreamTest, ABatchAppearsAtOnce) {
  set_up();
  Stage stage(slabs);
  EXPECT_EQ(add(stage, "1"), 0);
  EXPECT_EQ(add(stage, "2"), 0);
  // Somebody writes in between, and while the batch is linked.
  EXPECT_EQ(push("x"), 0);
  EXPECT_EQ(add(stage, "3"), 0);
  before_in_nmi(bpf_site::stream_log, Verb::cas, [this] { EXPECT_EQ(push("y"), 0); });
  EXPECT_EQ(stream_->commit(stage), 0);
  EXPECT_TRUE(stage.empty());
  EXPECT_EQ(read(), "xy123");
}

TEST_F(StreamTest, BatchesOfOneAndOfNothing) {
  set_up();
  Stage stage(slabs);
  EXPECT_EQ(stream_->commit(stage), 0);
  EXPECT_EQ(told_, 0);
  for (const char* text : {"a", "b"}) {
    EXPECT_EQ(add(stage, text), 0);
    EXPECT_EQ(stream_->commit(stage), 0);
  }
  EXPECT_EQ(read(), "ab");
}

TEST_F(StreamTest, WhatIsNotCommittedIsNotThere) {
  set_up();
  Stage stage(slabs);
  EXPECT_EQ(add(stage, "never"), 0);
  stage.discard();
  EXPECT_EQ(stage.bytes(), 0u);
  EXPECT_EQ(read(), "");
}

TEST_F(StreamTest, ABatchFitsOrNothingOfIt) {
  set_up(8);
  EXPECT_EQ(push("12345"), 0);
  Stage stage(slabs);
  EXPECT_EQ(add(stage, "67"), 0);
  EXPECT_EQ(add(stage, "89"), 0);
  EXPECT_EQ(stream_->commit(stage), -ENOSPC);
  EXPECT_TRUE(stage.empty());
  EXPECT_EQ(push("678"), 0) << "exactly full";
  EXPECT_EQ(push("9"), -ENOSPC);
  EXPECT_EQ(read(), "12345678");
  EXPECT_EQ(push("9"), 0);
}

TEST_F(StreamTest, TwoWhoFitOneByOne) {
  set_up(8);
  // The second one writes after the first has looked.
  before_in_nmi(bpf_site::stream_used, Verb::cas, [this] { EXPECT_EQ(push("12345"), 0); });
  EXPECT_EQ(push("6789"), -ENOSPC);
  EXPECT_EQ(read(), "12345");
  before_in_nmi(bpf_site::stream_used, Verb::cas, [this] { EXPECT_EQ(push("1234"), 0); });
  EXPECT_EQ(push("5678"), 0);
  EXPECT_EQ(read(), "12345678");
}

TEST_F(StreamTest, FailuresLeaveNothingBehind) {
  set_up();
  const std::string long_text(bpf::StreamElement::kMaxText + 1, 'x');
  EXPECT_EQ(push(long_text), -E2BIG);
  EXPECT_EQ(push(std::string_view(long_text).substr(1)), 0);
  fail_always(bpf_site::stream_element);
  EXPECT_EQ(push("lost"), -ENOMEM);
  script().fail = nullptr;
  EXPECT_EQ(read().size(), std::size_t{bpf::StreamElement::kMaxText});
}

TEST_F(StreamTest, WhatCannotBeCopiedStays) {
  set_up();
  EXPECT_EQ(push("abc"), 0);
  EXPECT_EQ(push("def"), 0);
  EXPECT_EQ(read(6, 2), "");
  EXPECT_EQ(last_read_, -EFAULT);
  EXPECT_EQ(read(6, 4), "abc");
  EXPECT_EQ(last_read_, 3);
  EXPECT_EQ(read(), "def");
}

TEST_F(StreamTest, TellsOnceThatThereIsText) {
  set_up();
  EXPECT_EQ(push("a"), 0);
  EXPECT_EQ(push("b"), 0);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(read(1), "a");
  EXPECT_EQ(push("c"), 0);
  EXPECT_EQ(told_, 2) << "the list was empty";
  EXPECT_EQ(read(), "bc");
}

TEST_F(StreamTest, IsToldBeforeItGoes) {
  set_up();
  hooks().hold_interrupts = true;
  EXPECT_EQ(push("unread"), 0);
  EXPECT_EQ(told_, 0);
  Stream::destroy(std::exchange(stream_, nullptr));
  EXPECT_EQ(told_, 1);
  hooks().hold_interrupts = false;
  expect_nothing_live();
}

}  // namespace
}  // namespace anyctx::test

// Deferred work on the native machine, which has no workers: whoever waits runs it.
#include <gtest/gtest.h>

#include "lib/defer/workqueue.h"
#include "lib/machine/native.h"

namespace anyctx::test {
namespace {

using Work = defer::Work<machine::Native>;

struct WorkPoll : ::testing::Test {
  WorkPoll() {
    work.init([](void* self) { static_cast<WorkPoll*>(self)->run(); }, this);
  }
  void run() {
    ++runs;
    if (requeues > 0) {
      --requeues;
      EXPECT_TRUE(work.schedule());
    }
  }

  Work work;
  int runs = 0;
  int requeues = 0;
};

TEST_F(WorkPoll, FlushRunsIt) {
  EXPECT_TRUE(work.schedule());
  EXPECT_FALSE(work.schedule());
  EXPECT_EQ(runs, 0);
  work.flush();
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(work.idle());
  work.flush();
  EXPECT_EQ(runs, 1);
}

TEST_F(WorkPoll, APollRunsWhatTheWorkAskedForMeanwhile) {
  requeues = 3;
  EXPECT_TRUE(work.schedule());
  work.run();
  EXPECT_EQ(runs, 4);
  // It is still on the list, as far as it knows: one more poll, with nothing to do.
  work.run();
  EXPECT_EQ(runs, 4);
  EXPECT_TRUE(work.idle());
}

TEST_F(WorkPoll, CancelTakesItBack) {
  EXPECT_FALSE(work.cancel_sync());
  EXPECT_TRUE(work.schedule());
  EXPECT_TRUE(work.cancel_sync());
  EXPECT_TRUE(work.idle());
  work.flush();
  EXPECT_EQ(runs, 0);
  EXPECT_TRUE(work.schedule());
  work.flush();
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace anyctx::test

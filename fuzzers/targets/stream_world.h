// StreamWorld: a stream that every context writes to and tasks read, and what readers must get.
#pragma once

#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/model/stream_log.h"
#include "fuzzers/targets/stream_subject.h"
#include "fuzzers/targets/user_count.h"

namespace anyctx::target {

class StreamWorld final : public engine::World {
 public:
  StreamWorld(inject::Simulation& simulation, std::unique_ptr<StreamSubject> subject)
      : simulation_(simulation), subject_(std::move(subject)) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;
  using Log = model::StreamLog;

  /// What an operation is judged by: how things were when it began.
  struct Before {
    bool alone = false;  // nobody else is using the stream
    bool has_room = false;
    std::uint32_t unread = 0;  // bytes
  };
  /// A reader in the middle of a read.
  struct Reader {
    StreamWorld* world = nullptr;
    std::uint32_t fault = 0;  // this copy fails, counted from 1
    std::uint32_t copies = 0;
    std::uint32_t bytes = 0;
  };

  Outcome dispatch(const program::Op& op);
  Outcome print(std::uint32_t length);
  Outcome commit(std::uint32_t count, std::uint32_t length);
  Outcome discard(std::uint32_t count, std::uint32_t length);
  Outcome read(std::uint32_t most, std::uint32_t fault);
  Outcome read_all();
  Outcome churn(std::uint32_t count);
  Outcome recreate();

  bool create();
  void destroy();
  std::uint32_t stage(StageStorage& stage, Log::Batch batch, std::uint32_t count,
                      std::uint32_t length);
  static bool copy(void* reader, const char* text, std::uint32_t bytes);
  static void notify(void* world);

  Before look() const;
  void judge_piece(const Before& before, int result, std::uint32_t length);
  void judge_commit(const Before& before, Log::Batch batch, int result);
  void judge_used() const;
  void judge_live(std::int64_t expected) const;
  void report(model::MaybeFinding&& finding) const;

  inject::Simulation& simulation_;
  std::unique_ptr<StreamSubject> subject_;
  Log log_;
  UserCount users_;
  std::uint32_t capacity_ = 0;
  std::uint64_t told_ = 0;  // when readers were last told that there is text
  bool is_open_ = false;    // there is a stream
  bool closed_ = false;     // being set up or taken down: what interrupts that does nothing
};

}  // namespace anyctx::target

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/sweep/nested_library.h"
#include "fuzzers/sweep/small_scope.h"
#include "lib/machine/check.h"

namespace anyctx::sweep {
namespace {

using inject::LaneKind;
using program::Program;

class Enumeration {
 public:
  Enumeration(const engine::Target& target, unsigned length)
      : target_(target), length_(length), empty_(empty_program()) {}

  std::vector<Subject> run() {
    extend();
    return std::move(subjects_);
  }

 private:
  Program empty_program() const {
    const auto parsed = program::parse_text(
        *target_.schema, fmt::format("anyctx {} target={} {}\ntask0:\n", program::kTextVersion,
                                     target_.name(), target_.sweep->scope_params));
    ANYCTX_CHECK(parsed.program.has_value());
    return *parsed.program;
  }

  struct Result {
    char slot;
    std::uint8_t code;  // of the operation that it is of
  };

  /// Adds each operation of the alphabet to those chosen so far.
  void extend() {
    for (const std::string_view letter : target_.sweep->scope_ops) {
      const std::size_t brace = letter.find("{result}");
      if (brace == letter.npos) {
        add(letter);
        continue;
      }
      for (std::size_t i = 0; i < open_.size(); ++i) {
        const Result result = open_[i];
        std::string taking(letter);
        taking.replace(brace, 8, 1, result.slot);
        if (!takes(parse(taking), result)) continue;
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
        add(taking);
        open_.insert(open_.begin() + static_cast<std::ptrdiff_t>(i), result);
      }
    }
  }

  program::Op parse(std::string_view text) const {
    const Ops ops = parse_ops(*target_.schema, LaneKind::task, text);
    ANYCTX_CHECK_OP(ops.size(), ==, 1);
    return ops[0];
  }

  bool takes(const program::Op& op, const Result& result) const {
    return std::ranges::any_of(target_.schema->ops[op.code].args, [&](const program::ArgSpec& arg) {
      return arg.kind == program::ArgKind::slot &&
             (arg.values.empty() || std::ranges::count(arg.values, result.code) != 0);
    });
  }

  void add(std::string_view letter) {
    std::string text(letter);
    const std::size_t brace = text.find("{1}");
    const bool has_result = brace != text.npos;
    if (has_result) text.replace(brace, 3, 1, static_cast<char>('a' + results_));
    chosen_.push_back(parse(text));
    if (has_result) open_.push_back({static_cast<char>('a' + results_++), chosen_.back().code});
    emit();
    if (chosen_.size() < length_) extend();
    if (has_result) open_.pop_back(), --results_;
    chosen_.pop_back();
  }

  /// The chosen operations in one task; then with the last ones in another.
  void emit() {
    for (std::size_t first = chosen_.size(); first > 0; --first) {
      Program program = empty_;
      program.lanes[0].ops.assign(chosen_.begin(), chosen_.begin() + first);
      if (first < chosen_.size())
        program::ensure_lane(program, {LaneKind::task, 1})
            .ops.assign(chosen_.begin() + first, chosen_.end());
      subjects_.push_back(
          {&target_, std::move(program), fmt::format("program {}", subjects_.size())});
    }
  }

  const engine::Target& target_;
  unsigned length_;
  Program empty_;
  Ops chosen_;
  int results_ = 0;
  std::vector<Result> open_;  // that nothing took
  std::vector<Subject> subjects_;
};

}  // namespace

std::vector<Subject> small_scope(const engine::Target& target, unsigned length) {
  if (target.sweep == nullptr || target.sweep->scope_ops.empty() || length == 0) return {};
  return Enumeration(target, length).run();
}

}  // namespace anyctx::sweep

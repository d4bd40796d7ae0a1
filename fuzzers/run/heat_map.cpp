#include "fuzzers/run/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "fuzzers/ops/points.h"

namespace anyctx::run {
namespace {

using engine::PointUse;
using inject::LaneKind;
using program::Schema;

constexpr LaneKind kHandlers[] = {LaneKind::softirq, LaneKind::irq, LaneKind::nmi,
                                  LaneKind::reentry};

char cell(std::uint64_t count) {
  if (count == 0) return '.';
  char digits = '0';
  for (; count != 0 && digits < '9'; count /= 10) ++digits;
  return digits;
}

std::string cells(std::span<const std::uint64_t> counts, bool possible) {
  std::string text;
  for (const std::uint64_t count : counts) {
    text += ' ';
    text += possible ? cell(count) : ' ';
  }
  return text;
}

std::string row(const Schema& schema, const PointUse& use, std::size_t width) {
  const bool fails = program::can_fail(schema, use.point);
  std::array<std::uint64_t, std::size(kHandlers)> entered{};
  for (std::size_t i = 0; i < entered.size(); ++i)
    entered[i] = use.entered[static_cast<unsigned>(kHandlers[i])];
  std::string text =
      fmt::format("  {:<{}}  {}   {}   {}   {}", program::point_name(schema, use.point), width,
                  cells(use.reached, true), cells(use.failed, fails), cells(use.injected, fails),
                  cells(entered, true));
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

std::string heat_map(const engine::Exercised& exercised) {
  std::size_t width = 0;
  for (const PointUse& use : exercised.points)
    width = std::max(width, program::point_name(exercised.schema, use.point).size());
  std::string text = fmt::format(
      "{}: {} runs; digits of each count, by context (Task, Softirq, Hardirq, Nmi) or by what was "
      "entered there\n  {:<{}}   reached    failed     injected   entered\n"
      "  {:<{}}   T S H N    T S H N    T S H N    softirq, irq, nmi, re-entry\n",
      exercised.schema.target, exercised.runs, "", width, "", width);
  for (const PointUse& use : exercised.points) text += row(exercised.schema, use, width);
  return text;
}

}  // namespace anyctx::run

#include "triage/report/line_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "triage/story/html_text.h"

namespace anyctx::triage {
namespace {

constexpr double kWidth = 560;
constexpr double kHeight = 200;
constexpr double kLeft = 52;  // room for numbers
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 24;
constexpr int kLines = 4;  // across

struct Scale {
  double seconds = 1;
  double value = 1;

  double x(double t) const { return kLeft + t / seconds * (kWidth - kLeft - kRight); }
  double y(double v) const { return kHeight - kBottom - v / value * (kHeight - kTop - kBottom); }
};

Scale scale_of(const LinePlot& plot) {
  Scale scale;
  for (const auto& [t, value] : plot.points) {
    scale.seconds = std::max(scale.seconds, t);
    scale.value = std::max(scale.value, value);
  }
  const double step = round_up(scale.value / kLines);
  scale.value = std::ceil(scale.value / step) * step;
  return scale;
}

std::string text(double x, double y, std::string_view anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(words));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view css) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", css, x1, y1,
      x2, y2);
}

std::string grid(const Scale& scale) {
  std::string svg;
  const double step = round_up(scale.value / kLines);
  for (double value = 0; value <= scale.value + step / 2; value += step) {
    const double y = scale.y(value);
    svg += line(kLeft, y, kWidth - kRight, y, "grid");
    svg += text(kLeft - 6, y + 4, "end", short_number(value));
  }
  for (int i = 0; i <= kLines; ++i) {
    const double t = scale.seconds * i / kLines;
    svg += text(scale.x(t), kHeight - 6,
                i == 0        ? "start"
                : i == kLines ? "end"
                              : "middle",
                short_time(t));
  }
  return svg;
}

std::string path(const LinePlot& plot, const Scale& scale) {
  std::string d;
  for (const auto& [t, value] : plot.points) {
    const double x = scale.x(t);
    if (plot.steps && !d.empty()) d += fmt::format(" H{:.1f}", x);
    d += fmt::format("{}{:.1f},{:.1f}", d.empty() ? "M" : " L", x, scale.y(value));
  }
  return fmt::format("<path class=\"line\" d=\"{}\"/>\n", d);
}

}  // namespace

double round_up(double value) {
  double step = 1;
  while (step * 10 < value) step *= 10;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (step * factor >= value) return step * factor;
  }
  return step * 10;
}

std::string short_time(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string short_number(double value) {
  if (value >= 1e9) return fmt::format("{:.3g}G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g}M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.3g}k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

std::string to_svg(const LinePlot& plot) {
  const Scale scale = scale_of(plot);
  const std::string last =
      plot.points.empty() ? "no data" : short_number(plot.points.back().second);
  std::string svg = fmt::format(
      "<figure><figcaption>{0}: <b>{1}</b></figcaption>\n<svg role=\"img\" viewBox=\"0 0 {2:.0f} "
      "{3:.0f}\" aria-label=\"{0} over time; at the end {1}\">\n",
      escaped(plot.title), last, kWidth, kHeight);
  svg += grid(scale);
  for (const double t : plot.marks) {
    const double x = scale.x(std::min(t, scale.seconds));
    svg += fmt::format("<g><title>{} at {}</title>{}</g>\n", escaped(plot.marked), short_time(t),
                       line(x, kTop, x, kHeight - kBottom, "mark"));
  }
  return svg + path(plot, scale) + "</svg></figure>\n";
}

}  // namespace anyctx::triage

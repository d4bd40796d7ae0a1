#include "triage/report/points_page.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "triage/story/html_text.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

struct Column {
  std::string_view outcome;  // a member of each point
  std::string_view where;    // a member of that
  bool of_failures;
};

constexpr Column kColumns[] = {
    {"reached", "task", false},    {"reached", "softirq", false}, {"reached", "hardirq", false},
    {"reached", "nmi", false},     {"failed", "task", true},      {"failed", "softirq", true},
    {"failed", "hardirq", true},   {"failed", "nmi", true},       {"injected", "task", true},
    {"injected", "softirq", true}, {"injected", "hardirq", true}, {"injected", "nmi", true},
    {"entered", "softirq", false}, {"entered", "irq", false},     {"entered", "nmi", false},
    {"entered", "reentry", false},
};

// Eight shades, a factor of about ten apart, of one hue: darker is more where the page is light.
constexpr std::string_view kStyle =
    "<style>.heat td{font:12px/1.6 ui-monospace,monospace;white-space:nowrap;padding:0 6px}"
    ".heat td.c{text-align:right;min-width:44px}.heat th{text-align:center}"
    ".heat .never{color:var(--bad)}.heat .cannot{background:var(--paper)}"
    ".heat thead{position:sticky;top:0;background:var(--card)}"
    ".heat tr:hover td:first-child{font-weight:600}</style>\n";

std::string cell(const json& point, const Column& column) {
  if (column.of_failures && !point["may_fail"].get<bool>()) return "<td class=\"c cannot\"></td>";
  const auto count =
      point[std::string(column.outcome)].value(std::string(column.where), std::uint64_t{0});
  if (count == 0) return "<td class=\"c never\">0</td>";
  const int shade = std::min(8, 1 + static_cast<int>(std::log10(static_cast<double>(count))));
  return fmt::format(
      "<td class=\"c\" style=\"background:color-mix(in srgb,var(--link) {}%,var(--card))\">{}</td>",
      shade * 7, count);
}

std::string section(const json& target) {
  std::string html = fmt::format(
      "<h2>{}</h2>\n<p class=\"faint\">{} runs, {} visits of points</p>\n"
      "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th></th><th "
      "colspan=\"4\">reached</th>"
      "<th colspan=\"4\">failed</th><th colspan=\"4\">injected</th><th colspan=\"4\">entered "
      "by</th>"
      "</tr>\n<tr><th>point</th>",
      escaped(target["target"].get<std::string>()), target["runs"].get<std::uint64_t>(),
      target["visits"].get<std::uint64_t>());
  for (const Column& column : kColumns) html += fmt::format("<th>{}</th>", column.where);
  html += "</tr></thead><tbody>\n";
  for (const json& point : target["points"]) {
    html += fmt::format("<tr><td title=\"{}\">{}</td>", escaped(point["what"].get<std::string>()),
                        escaped(point["name"].get<std::string>()));
    for (const Column& column : kColumns) html += cell(point, column);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string points_page(const json& catalogue) {
  std::string body(kStyle);
  body +=
      "<h1>Decision points</h1>\n<p class=\"faint\">How often each point was reached in which "
      "context; where it failed because its condition held, or by decision; and what interrupted "
      "code there. A blank cannot be: the point cannot fail.</p>\n";
  for (const json& target : catalogue["targets"]) {
    if (target["runs"].get<std::uint64_t>() != 0) body += section(target);
  }
  return html_page("anyctx: decision points", body, "");
}

}  // namespace anyctx::triage

// The mutant report as a table: as text, which is Markdown too, and as a page.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "triage/report/mutant_report.h"
#include "triage/story/html_text.h"

namespace anyctx::triage {
namespace {

constexpr std::string_view kPast = " past ";

using Cells = std::vector<std::string>;

/// "3/3, 1.2 s (cpu 0.4), 340 runs"; what the median trial came to.
std::string search_cell(const MutantSearch* search) {
  if (search == nullptr || search->trials.empty()) return "";
  const auto seconds = search->median_seconds();
  const std::string found = fmt::format("{}/{}", search->found(), search->trials.size());
  if (seconds)
    return fmt::format("{}, {:.1f} s (cpu {:.1f}), {} runs", found, *seconds,
                       *search->median_cpu_seconds(), *search->median_executions());
  std::uint64_t most = 0;
  for (const MutantTrial& trial : search->trials) most = std::max(most, trial.executions);
  return fmt::format("{}, > {:.0f} s, {} runs", found, search->limit, most);
}

const MutantSearch* search_of(const MutantRow& row, const std::string& engine) {
  for (const MutantSearch& search : row.searches) {
    if (search.engine == engine) return &search;
  }
  return nullptr;
}

std::string found_cell(const MutantRow& row) {
  const std::string kind = row.kind();
  for (const MutantSearch& search : row.searches) {
    if (search.engine.find(kPast) == std::string::npos || kind.empty()) continue;
    if (search.found() == 0 || search.kinds().front() != kind) continue;
    return fmt::format("{} ({}; {:.1f} s{})", kind, row.verdict(), search.trials.front().seconds,
                       search.engine.substr(search.engine.find(kPast)));
  }
  if (!kind.empty()) return fmt::format("{} ({})", kind, row.verdict());
  if (!row.reach) return row.verdict();
  return fmt::format("{} ({} of {} inputs differ)", row.verdict(), row.reach->differ,
                     row.reach->inputs);
}

Cells heads(const MutantReport& report) {
  Cells cells = {"mutant", "difficulty", "found by"};
  cells.insert(cells.end(), report.engines.begin(), report.engines.end());
  cells.insert(cells.end(), {"smallest", "replays"});
  return cells;
}

Cells cells_of(const MutantReport& report, const MutantRow& row) {
  Cells cells = {row.id, row.difficulty, found_cell(row)};
  for (const std::string& engine : report.engines)
    cells.push_back(search_cell(search_of(row, engine)));
  cells.push_back(row.smallest ? row.smallest->after : "");
  cells.push_back(row.smallest ? fmt::format("{}/{}", row.smallest->same, row.smallest->replays)
                               : "");
  return cells;
}

std::string sum_up(const MutantReport& report) {
  const auto good = std::count_if(report.rows.begin(), report.rows.end(),
                                  [](const MutantRow& row) { return row.is_as_it_should_be(); });
  return fmt::format("{} of {} as they should be, {:.0f} s{}", good, report.rows.size(),
                     report.seconds, report.interrupted ? ", interrupted" : "");
}

std::string html_row(const Cells& cells, std::string_view tag) {
  std::string html = "<tr>";
  for (const std::string& cell : cells) html += fmt::format("<{0}>{1}</{0}>", tag, escaped(cell));
  return html + "</tr>\n";
}

}  // namespace

std::string to_text(const MutantReport& report) {
  const Cells head = heads(report);
  std::string text = fmt::format("| {} |\n|{}\n", fmt::join(head, " | "), [&] {
    std::string rule;
    for (std::size_t i = 0; i < head.size(); ++i) rule += "---|";
    return rule;
  }());
  for (const MutantRow& row : report.rows)
    text += fmt::format("| {} |\n", fmt::join(cells_of(report, row), " | "));
  return text + "\n" + sum_up(report) + "\n";
}

std::string to_html(const MutantReport& report) {
  std::string body =
      fmt::format("<h1>Planted bugs</h1>\n<p class=\"faint\">{}</p>\n", escaped(sum_up(report)));
  body += "<div class=\"scroll\"><table class=\"list\"><thead>" + html_row(heads(report), "th") +
          "</thead><tbody>\n";
  for (const MutantRow& row : report.rows) body += html_row(cells_of(report, row), "td");
  body += "</tbody></table></div>\n";
  for (const MutantRow& row : report.rows) {
    if (!row.smallest) continue;
    body += fmt::format("<h2>{}</h2>\n<p class=\"faint\">{}: {} &rarr; {}</p>\n<pre>{}</pre>\n",
                        escaped(row.id), escaped(row.smallest->kind), escaped(row.smallest->before),
                        escaped(row.smallest->after), escaped(row.smallest->program));
  }
  return html_page("Planted bugs", body, "");
}

}  // namespace anyctx::triage

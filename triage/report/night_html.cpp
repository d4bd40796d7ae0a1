// The night report as one self-contained page.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "triage/report/line_plot.h"
#include "triage/report/night_report.h"
#include "triage/story/html_text.h"
#include "triage/story/story_html.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

LinePlot plot_of(const NightReport& report, const std::string& title,
                 std::uint64_t NightSample::*value, bool steps) {
  LinePlot plot{title, steps, {{0, 0}}, report.record.resumed(), "went on after it was ended"};
  for (const NightSample& sample : report.record.samples())
    plot.points.emplace_back(sample.t, static_cast<double>(sample.*value));
  return plot;
}

/// Of each time between two samples.
LinePlot speed_plot(const NightReport& report) {
  LinePlot plot{
      "executions per second", false, {}, report.record.resumed(), "went on after it was ended"};
  NightSample before;
  for (const NightSample& sample : report.record.samples()) {
    if (sample.t - before.t < 0.5) continue;
    const double runs = sample.executions < before.executions
                            ? 0
                            : static_cast<double>(sample.executions - before.executions);
    plot.points.emplace_back(sample.t, runs / (sample.t - before.t));
    before = sample;
  }
  return plot;
}

std::string plots(const NightReport& report) {
  return "<div class=\"plots\">\n" +
         to_svg(plot_of(report, "coverage (edges, all targets)", &NightSample::coverage, false)) +
         to_svg(plot_of(report, "points reached (all targets)", &NightSample::points, false)) +
         to_svg(speed_plot(report)) +
         to_svg(plot_of(report, "findings (signatures)", &NightSample::findings, true)) +
         "</div>\n";
}

std::string list(const std::string& title, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string html = fmt::format("<h3>{}</h3>\n<ul>\n", escaped(title));
  for (const std::string& item : items) html += fmt::format("<li>{}</li>\n", escaped(item));
  return html + "</ul>\n";
}

std::string headline(const NightReport& report) {
  const auto fresh = std::count_if(report.bugs.begin(), report.bugs.end(),
                                   [](const NightBug& bug) { return bug.is_new; });
  const NightRecord& record = report.record;
  std::string facts =
      fmt::format("Night {}, begun {}: {} of {}, {} runs, {} jobs", record.number(),
                  record.started(), short_time(record.spent()), short_time(record.budget()),
                  short_number(static_cast<double>(record.executions())), report.jobs);
  if (!record.resumed().empty())
    facts += fmt::format("; went on {} times after it was ended (dashed lines)",
                         record.resumed().size());
  if (report.interrupted) facts += "; interrupted: the same command goes on";
  return fmt::format("<h1>{} bug{}, {} new</h1>\n<p class=\"faint\">{}</p>\n", report.bugs.size(),
                     report.bugs.size() == 1 ? "" : "s", fresh, escaped(facts));
}

std::string bugs(const NightReport& report) {
  if (report.bugs.empty() && report.unreplayed.empty()) return "<p>Nothing was found.</p>\n";
  std::string html(kBugTableBegin);
  for (const NightBug& entry : report.bugs) html += bug_row(entry.bug);
  html += kBugTableEnd;
  std::vector<std::string> unreplayed;
  for (const NightFinding& finding : report.unreplayed)
    unreplayed.push_back(finding.headline + " (" + finding.cell + ")");
  return html + list(report.interrupted ? "Not sorted yet" : "Seen, but no new process shows it",
                     unreplayed);
}

std::string news(const NightReport& report) {
  if (!report.last.is_object()) return "<p>There is no night before this one.</p>\n";
  std::vector<std::string> fresh;
  std::vector<std::string> points;
  for (const NightBug& entry : report.bugs) {
    if (entry.is_new) fresh.push_back(entry.bug.signature.headline);
  }
  for (const NightTarget& target : report.targets) {
    for (const std::string& name : newly_reached(report, target))
      points.push_back(target.target + ": " + name);
  }
  const std::string html = list("New bugs", fresh) +
                           list("Bugs that nothing shows any more", report.gone) +
                           list("Points reached for the first time since", points);
  return html.empty() ? "<p>Nothing.</p>\n" : html;
}

std::string gaps(const NightReport& report) {
  std::vector<std::string> unreached;
  std::vector<std::string> unfailed;
  std::vector<std::string> not_run;
  for (const NightTarget& target : report.targets) {
    const auto nothing = never_reached(target);
    const auto never = never_failed(target);
    const auto line = [&](const std::vector<std::string>& names) {
      return fmt::format("{}: {}", target.target, fmt::join(names, ", "));
    };
    if (!nothing.empty()) unreached.push_back(line(nothing));
    if (!never.empty()) unfailed.push_back(line(never));
  }
  std::map<std::string, std::vector<std::string>> cells;  // by reason
  for (const NightCellReport& cell : report.cells) {
    if (!cell.not_run.empty()) cells[cell.not_run].push_back(cell.name);
  }
  for (const auto& [reason, names] : cells)
    not_run.push_back(fmt::format("{}: {}", reason, fmt::join(names, ", ")));
  const std::string html = list("Proved nothing", proved_nothing(report)) +
                           list("Not run", not_run) + list("Points never reached", unreached) +
                           list("Points that may fail, reached and never failed", unfailed);
  return html.empty() ? "<p>Nothing was left out.</p>\n" : html;
}

std::string cells(const NightReport& report) {
  std::string html =
      "<div class=\"scroll\"><table class=\"list\"><thead><tr><th>target</th><th>engine</th>"
      "<th>sanitizer</th><th>personality</th><th class=\"num\">time</th><th class=\"num\">runs</th>"
      "<th class=\"num\">per second</th><th class=\"num\">edges</th><th class=\"num\">found "
      "first</th></tr></thead><tbody>\n";
  for (const NightCellReport& cell : report.cells) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td>", escaped(cell.target),
                        escaped(cell.engine), escaped(cell.sanitizer), escaped(cell.personality));
    if (!cell.not_run.empty()) {
      html += "<td colspan=\"5\" class=\"faint\">not run</td></tr>\n";
      continue;
    }
    const auto runs = static_cast<double>(cell.executions);
    html += fmt::format(
        "<td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        short_time(cell.seconds), short_number(runs),
        short_number(cell.seconds > 0 ? runs / cell.seconds : 0), cell.coverage, cell.findings);
  }
  return html + "</tbody></table></div>\n";
}

std::string corpora(const NightReport& report) {
  std::vector<std::string> items;
  for (const NightDistillation& d : report.record.distillations())
    items.push_back(
        d.failure.empty()
            ? fmt::format("{}: {} inputs, of which {} are kept", d.target, d.before, d.after)
            : fmt::format("{}: {} inputs, not distilled: {}", d.target, d.before, d.failure));
  std::vector<std::string> sweeps;
  for (const NightSweep& s : report.record.sweeps())
    sweeps.push_back(fmt::format("{}: {} inputs, {} runs in {}, {}{}", s.target, s.programs, s.runs,
                                 short_time(s.seconds),
                                 s.complete ? "complete" : "as far as the time went",
                                 s.failure.empty() ? "" : "; " + s.failure));
  std::vector<std::string> remarks;
  for (const NightRemark& remark : report.record.remarks())
    remarks.push_back(fmt::format("at {}: {}", short_time(remark.t), remark.text));
  return list("Corpora", items) + list("Sweeps of new inputs", sweeps) + list("Remarks", remarks);
}

}  // namespace

std::string to_html(const NightReport& report) {
  std::string body = headline(report) + bugs(report);
  body += "<h2>The night</h2>\n" + plots(report);
  body += "<h2>Since the last night</h2>\n" + news(report);
  body += "<h2>Not exercised</h2>\n" + gaps(report);
  body += "<h2>Cells</h2>\n" + cells(report) + corpora(report);
  for (const NightBug& entry : report.bugs) body += bug_section(entry.bug);
  return html_page(
      fmt::format("anyctx night {}: {} bugs", report.record.number(), report.bugs.size()), body,
      steps_script());
}

}  // namespace anyctx::triage

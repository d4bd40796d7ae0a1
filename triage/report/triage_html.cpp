// The triage report as one self-contained page.
#include <fmt/format.h>

#include "triage/report/triage_report.h"
#include "triage/signature/bug_class.h"
#include "triage/story/html_text.h"
#include "triage/story/story_html.h"

namespace anyctx::triage {

std::string bug_row(const Bug& bug) {
  return fmt::format(
      "<tr><td><a href=\"#{0}\">{0}</a>{1}</td><td>{2}</td><td>{3}</td><td>{4}</td>"
      "<td class=\"num\">{5}</td><td class=\"num\">{6}/{7}</td><td>{8}</td></tr>\n",
      escaped(bug.name), bug.is_new ? " <span class=\"new\">new</span>" : "",
      escaped(bug.signature.headline), escaped(bug.target), escaped(bug.signature.bug_class),
      bug.inputs.size(), bug.same, bug.replays, escaped(bug.after));
}

std::string bug_section(const Bug& bug) {
  std::string html =
      fmt::format("<h2 id=\"{}\">{}</h2>\n", escaped(bug.name), escaped(bug.signature.headline));
  html +=
      fmt::format("<p class=\"faint\">target {}, class {}: {}. Minimized {} &rarr; {}.</p>\n",
                  escaped(bug.target), escaped(bug.signature.bug_class),
                  describe_class(bug.signature.bug_class), escaped(bug.before), escaped(bug.after));
  if (!bug.story.is_null()) html += verdict_html(bug.story);
  if (!bug.output.empty()) html += fmt::format("<pre>{}</pre>\n", escaped(bug.output));
  if (!bug.story.is_null()) html += steps_html(bug.story, bug.name + "-") + stacks_html(bug.story);
  html += fmt::format("<pre>{}</pre>\n<pre>{}</pre>\n", escaped(bug.program), escaped(bug.replay));
  if (!bug.faces.empty()) html += "<p>The same bug is seen also as</p>\n<ul>\n";
  for (const Face& face : bug.faces)
    html += fmt::format("<li>{} ({} inputs)<pre>{}</pre></li>\n", escaped(face.signature.headline),
                        face.inputs, escaped(face.program));
  if (!bug.faces.empty()) html += "</ul>\n";
  html += fmt::format("<details><summary>{} input{}</summary><ul>\n", bug.inputs.size(),
                      bug.inputs.size() == 1 ? "" : "s");
  for (const std::string& input : bug.inputs)
    html += fmt::format("<li><code>{}</code></li>\n", escaped(input));
  return html + "</ul></details>\n";
}

std::string to_html(const TriageReport& report) {
  std::string body = fmt::format(
      "<h1>{} bug{} in {} input{}</h1>\n<p class=\"faint\">{}; {} new inputs, {} the same as "
      "another one, {} show nothing; {:.1f} s</p>\n",
      report.bugs.size(), report.bugs.size() == 1 ? "" : "s", report.inputs,
      report.inputs == 1 ? "" : "s", escaped(report.folder), report.new_inputs, report.duplicates,
      report.harmless.size(), report.seconds);
  body += kBugTableBegin;
  for (const Bug& bug : report.bugs) body += bug_row(bug);
  body += kBugTableEnd;
  if (!report.gone.empty()) body += "<h2>No input shows any more</h2>\n<ul>\n";
  for (const std::string& key : report.gone) body += fmt::format("<li>{}</li>\n", escaped(key));
  if (!report.gone.empty()) body += "</ul>\n";
  for (const Bug& bug : report.bugs) body += bug_section(bug);
  if (!report.skipped.empty()) body += "<h2>Skipped files</h2>\n<ul>\n";
  for (const Skipped& file : report.skipped)
    body += fmt::format("<li><code>{}</code>: {}</li>\n", escaped(file.name), escaped(file.why));
  if (!report.skipped.empty()) body += "</ul>\n";
  return html_page(fmt::format("{}: {} bugs", report.folder, report.bugs.size()), body,
                   steps_script());
}

}  // namespace anyctx::triage

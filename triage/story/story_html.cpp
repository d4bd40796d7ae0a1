#include "triage/story/story_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "triage/signature/bug_class.h"
#include "triage/story/html_text.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

constexpr unsigned kPixelsPerLevel = 18;

constexpr std::string_view kScript = R"js(
"use strict";
const rows = [...document.querySelectorAll(".steps tr[tabindex]")];
function go(from, by, wanted) {
  for (let i = from + by; i >= 0 && i < rows.length; i += by) {
    if (wanted && !rows[i].matches(wanted)) continue;
    rows[i].focus();
    rows[i].scrollIntoView({ block: "nearest" });
    return;
  }
}
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const at = rows.indexOf(document.activeElement);
  const keys = {
    j: () => go(at, 1), ArrowDown: () => go(at, 1), k: () => go(at < 0 ? 0 : at, -1),
    ArrowUp: () => go(at, -1), d: () => go(at, 1, ".decision"),
    D: () => go(at < 0 ? rows.length : at, -1, ".decision"), v: () => go(at, 1, ".verdict"),
    g: () => go(-1, 1), G: () => go(rows.length, -1),
  };
  const arrow = event.key.startsWith("Arrow");
  if (!keys[event.key] || (arrow && at < 0)) return;
  event.preventDefault();
  keys[event.key]();
});
)js";

unsigned columns_of(const json& story) {
  unsigned last = 0;
  for (const json& step : story.at("steps")) last = std::max(last, step.at("cpu").get<unsigned>());
  return last + 1;
}

std::string cells(unsigned cpu, unsigned columns, const std::string& content) {
  std::string text;
  for (unsigned i = 0; i < columns; ++i) {
    text += i == cpu ? fmt::format("<td>{}</td>", content) : std::string("<td></td>");
  }
  return text;
}

std::string row(const json& step, unsigned columns, std::string_view prefix) {
  const std::string context = step.at("context");
  const unsigned depth = std::max(step.at("depth").get<unsigned>(), 1u) - 1;
  const std::string mark = context == "task"
                               ? std::string()
                               : fmt::format("<span class=\"ctx\">{}</span>", escaped(context));
  const std::string content = fmt::format(
      "<span class=\"step {}\" style=\"margin-left:{}px\">{}{}</span>", escaped(context),
      depth * kPixelsPerLevel, mark, escaped(step.at("text").get<std::string>()));
  return fmt::format(
      "<tr tabindex=\"0\" class=\"{}\" id=\"{}step{}\"><td class=\"n\">{}</td>{}</tr>\n",
      escaped(step.at("kind").get<std::string>()), escaped(prefix), step.at("n").get<unsigned>(),
      step.at("n").get<unsigned>(), cells(step.at("cpu"), columns, content));
}

std::string state(std::string_view css, std::string_view title, const json& verdict) {
  return fmt::format("<div class=\"state {}\"><b>{}</b><span class=\"mono\">{}</span></div>\n", css,
                     title, escaped(verdict.at(css).get<std::string>()));
}

std::string stack_row(const json& stack) {
  std::string places;
  for (const json& place : stack.at("places")) {
    places +=
        fmt::format("{}:{} in {}\n", place.at("file").get<std::string>(),
                    place.at("line").get<unsigned>(), place.at("function").get<std::string>());
  }
  return fmt::format("<p><b>At the {}</b>, in the sources</p>\n<pre>{}</pre>\n",
                     escaped(stack.at("what").get<std::string>()), escaped(places));
}

}  // namespace

std::string_view steps_script() {
  return kScript;
}

std::string steps_html(const json& story, std::string_view prefix) {
  const unsigned columns = columns_of(story);
  std::string html =
      "<div class=\"scroll\"><table class=\"steps\"><caption class=\"faint\" hidden>steps in "
      "order</caption><thead><tr><th>step</th>";
  for (unsigned cpu = 0; cpu < columns; ++cpu)
    html += fmt::format("<th scope=\"col\">vCPU {}</th>", cpu);
  html += "</tr></thead><tbody>\n";
  for (const json& step : story.at("steps")) {
    if (step.contains("n")) html += row(step, columns, prefix);
  }
  const json& verdict = story.at("verdict");
  if (!verdict.is_null()) {
    html +=
        fmt::format("<tr tabindex=\"0\" class=\"verdict\"><td class=\"n\">&#9632;</td>{}</tr>\n",
                    cells(verdict.at("cpu"), columns,
                          fmt::format("{}: {}", escaped(verdict.at("kind").get<std::string>()),
                                      escaped(verdict.at("rule").get<std::string>()))));
  }
  return html + "</tbody></table></div>\n";
}

std::string stacks_html(const json& story) {
  const auto stacks = story.find("stacks");
  if (stacks == story.end() || stacks->empty()) return {};
  std::string html;
  for (const json& stack : *stacks) html += stack_row(stack);
  return html;
}

std::string verdict_html(const json& story) {
  const json& verdict = story.at("verdict");
  if (verdict.is_null()) return {};
  const std::string where = verdict.at("where");
  std::string html = "<div class=\"states\">\n" + state("expected", "expected", verdict) +
                     state("found", "found", verdict) + "</div>\n";
  std::string meaning = story.at("meaning");
  meaning[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(meaning[0])));
  html += fmt::format("<p><b>Why.</b> {}. The rule: {}.</p>\n", escaped(meaning),
                      escaped(verdict.at("rule").get<std::string>()));
  if (where.empty()) {
    html += "<p><b>Where.</b> While setting up, or at quiescence after all tasks ended.</p>\n";
  } else {
    html += fmt::format(
        "<p><b>Where.</b> In <code>{}</code> ({}) on vCPU {}, {} context; last point "
        "<code>{}</code>.</p>\n",
        escaped(where), escaped(verdict.at("operation").get<std::string>()),
        verdict.at("cpu").get<unsigned>(), escaped(verdict.at("context").get<std::string>()),
        escaped(verdict.at("point").get<std::string>()));
  }
  return html;
}

std::string story_page(const json& story, const std::string& replay, const std::string& report) {
  const json& verdict = story.at("verdict");
  const std::string target = story.at("target");
  std::string title = fmt::format("{}: no verdict", target);
  std::string body;
  if (!verdict.is_null()) {
    const std::string kind = verdict.at("kind");
    const std::string rule = verdict.at("rule");
    const std::string_view family = bug_class(kind, rule);
    title = fmt::format("{}: {}", target, rule);
    body = fmt::format(
        "<h1><span class=\"kind\">{}</span>: {}</h1>\n<p class=\"faint\">target {}, "
        "class {}: {}</p>\n",
        escaped(kind), escaped(rule), escaped(target), family, describe_class(family));
  } else {
    body = fmt::format("<h1>{}</h1>\n", escaped(title));
  }
  body += verdict_html(story);
  if (!report.empty()) body += fmt::format("<h2>Report</h2>\n<pre>{}</pre>\n", escaped(report));
  body +=
      "<h2>Steps</h2>\n<p class=\"faint\">Marked rows are injected decisions. Keys: <kbd>j</kbd> "
      "<kbd>k</kbd> next and previous step, <kbd>d</kbd> <kbd>D</kbd> next and previous decision, "
      "<kbd>v</kbd> verdict, <kbd>g</kbd> <kbd>G</kbd> first and last.</p>\n";
  body += steps_html(story, "");
  body += stacks_html(story);
  body += fmt::format("<h2>Program</h2>\n<pre>{}</pre>\n<h2>Replay</h2>\n<pre>{}</pre>\n",
                      escaped(story.at("program").get<std::string>()), escaped(replay));
  return html_page(title, body, kScript);
}

}  // namespace anyctx::triage

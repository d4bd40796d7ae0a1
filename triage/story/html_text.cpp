#include "triage/story/html_text.h"

#include <fmt/format.h>

namespace anyctx::triage {
namespace {

// Light and dark come from the system; the page says so before it is drawn.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --paper: light-dark(#fbfbf9, #16181c); --ink: light-dark(#1d2126, #e4e6e9);
  --faint: light-dark(#5c646d, #9aa3ad); --line: light-dark(#d9dcdf, #343a42);
  --card: light-dark(#ffffff, #1e2127); --mark: light-dark(#9a3b00, #ffb27a);
  --markbg: light-dark(#fff1e5, #3a2616); --bad: light-dark(#b00020, #ff8a94);
  --badbg: light-dark(#fdecee, #40191f); --good: light-dark(#0b6b3a, #7ddba4);
  --link: light-dark(#0a57b5, #8dbdff); --focus: light-dark(#0a57b5, #8dbdff);
  --nmi: light-dark(#b00020, #ff8a94); --hardirq: light-dark(#9a3b00, #ffb27a);
  --softirq: light-dark(#7a5c00, #e9cf6a); --task: light-dark(#8a939c, #67707a); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 32px 0 8px; }
h3 { font-size: 15px; margin: 16px 0 4px; }
p { margin: 6px 0; } .faint { color: var(--faint); }
code, pre, .mono { font: 13px/1.5 ui-monospace, monospace; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 10px 12px; overflow-x: auto; margin: 8px 0; }
a { color: var(--link); } .kind { color: var(--bad); }
.states { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 12px; }
.state { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 8px 12px; border-top: 3px solid var(--good); }
.state.found { border-top-color: var(--bad); }
.state b { display: block; font-size: 13px; color: var(--faint); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: 13px; padding: 6px 10px; border-bottom: 1px solid var(--line); }
td { padding: 1px 10px; vertical-align: top; }
.steps td { font: 13px/1.6 ui-monospace, monospace; white-space: nowrap; }
.steps td.n { text-align: right; color: var(--faint); width: 1%; }
.steps td + td { border-left: 1px solid var(--line); }
.step { display: inline-block; border-left: 3px solid var(--task); padding-left: 8px; }
.step.nmi { border-color: var(--nmi); } .step.hardirq { border-color: var(--hardirq); }
.step.softirq { border-color: var(--softirq); }
.ctx { font-size: 11px; color: var(--faint); margin-right: 6px; }
.decision td { background: var(--markbg); } .decision .step { color: var(--mark);
  font-weight: 600; }
.end .step, .wait .step { color: var(--faint); } .fail .step { color: var(--mark); }
.verdict td { background: var(--badbg); color: var(--bad); font-weight: 600; }
tr[tabindex]:focus { outline: 2px solid var(--focus); outline-offset: -2px; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; font-size: 12px;
  background: var(--card); }
ul { padding-left: 20px; } li { margin: 2px 0; }
.list td, .list th { padding: 5px 10px; border-bottom: 1px solid var(--line); }
.num { text-align: right; white-space: nowrap; }
.new { color: var(--mark); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 12px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 8px 10px; } figcaption { font-size: 13px; color: var(--faint); }
figcaption b { color: var(--ink); } svg { width: 100%; height: auto; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--faint); }
svg .grid { stroke: var(--line); } svg .mark { stroke: var(--mark); stroke-dasharray: 3 3; }
svg .line { fill: none; stroke: var(--link); stroke-width: 2; stroke-linejoin: round; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
)css";

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string html_page(std::string_view title, std::string_view body, std::string_view script) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n",
      escaped(title), kStyle, body);
  if (!script.empty()) page += fmt::format("<script>{}</script>\n", script);
  return page + "</body>\n</html>\n";
}

}  // namespace anyctx::triage

// Line plot: numbers over time as a drawing in a page, without a script: SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace anyctx::triage {

struct LinePlot {
  std::string title;                              // what is drawn, and in which unit
  bool steps = false;                             // a value holds until the next one
  std::vector<std::pair<double, double>> points;  // seconds, value; in order
  std::vector<double> marks;                      // seconds at which something happened
  std::string marked;                             // what that was
};

/// The axes begin at 0. Colours are the page's (triage/story/html_text.h).
std::string to_svg(const LinePlot& plot);

/// The least of 1, 2, 5, 10, 20, ... that is not below `value`; 1 for what is below 1.
double round_up(double value);

/// "90 s", "12 min", "3.5 h": as short as it is read.
std::string short_time(double seconds);

/// "950", "12.3k", "4.5M".
std::string short_number(double value);

}  // namespace anyctx::triage

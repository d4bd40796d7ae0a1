#include "triage/report/likeness.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace anyctx::triage {
namespace {

/// "slab.list_lock.trylock: fail" of "at task0.1 slab.list_lock.trylock#2: fail", "enter" of
/// handlers whatever their number.
std::string decision_of(const std::string& line) {
  const std::size_t point = line.find(' ', 3) + 1;
  const std::size_t occurrence = line.find('#', point);
  const std::size_t action = line.find(": ", occurrence);
  if (occurrence == line.npos || action == line.npos) return line;
  std::string word = line.substr(action + 2, line.find(' ', action + 2) - action - 2);
  word.erase(std::find_if(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }),
             word.end());
  return line.substr(point, occurrence - point) + ": " + word;
}

/// "kmalloc" of "task0: a = kmalloc(8)".
std::string op_of(const std::string& line) {
  const std::size_t arguments = line.find('(');
  if (arguments == line.npos) return {};
  const std::size_t space = line.rfind(' ', arguments);
  const std::size_t begin = space == line.npos ? 0 : space + 1;
  return line.substr(begin, arguments - begin);
}

std::map<std::string, int> parts_of(const std::string& program) {
  std::map<std::string, int> parts;
  std::istringstream in(program);
  std::string line;
  std::getline(in, line);  // the parameters
  while (std::getline(in, line)) {
    const std::string part = line.starts_with("at ") ? decision_of(line) : op_of(line);
    if (!part.empty()) ++parts[part];
  }
  return parts;
}

}  // namespace

bool does_all_of(const std::string& bigger, const std::string& smaller) {
  const auto all = parts_of(bigger);
  const auto some = parts_of(smaller);
  return std::all_of(some.begin(), some.end(), [&](const auto& part) {
    const auto found = all.find(part.first);
    return found != all.end() && found->second >= part.second;
  });
}

}  // namespace anyctx::triage

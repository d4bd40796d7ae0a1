#include "triage/signature/frame.h"

#include <array>
#include <filesystem>

namespace anyctx::triage {
namespace {

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kNamespace = "anyctx::";

/// Length of a bracketed part at the beginning of `text`: up to the bracket that closes it.
std::size_t bracketed(std::string_view text, char open, char close) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool arrow = close == '>' && i > 0 && text[i - 1] == '-';
    if (text[i] == open) ++depth;
    if (text[i] == close && !arrow && --depth == 0) return i + 1;
  }
  return text.size();
}

/// "operator<" and "operator()" are names; what follows is looked at again.
std::size_t operator_name(std::string_view text) {
  std::size_t end = kOperator.size();
  if (text.substr(end).starts_with("()")) return end + 2;
  while (end < text.size() && std::string_view("<>=-+*/!&|^~%[]").find(text[end]) != text.npos)
    ++end;
  return end;
}

/// Where the path begins: the last space that is in no bracket.
std::size_t last_outer_space(std::string_view text) {
  int depth = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == ')' || text[i] == '>') ++depth;
    if (text[i] == '(' || (text[i] == '<' && depth > 0)) --depth;
    if (text[i] == ' ' && depth <= 0) return i;
  }
  return text.npos;
}

/// From the top of the clone, wherever that was when it was built.
std::string from_the_top(std::string_view path) {
  // A compiler cache leaves ".." inside.
  const std::string normal = std::filesystem::path(path).lexically_normal().string();
  for (const std::string_view top : {"/lib/", "/fuzzers/", "/inject/", "/tests/", "/triage/"}) {
    const std::size_t at = normal.rfind(top);
    if (at == normal.npos || normal.starts_with("/usr/")) continue;
    return normal.substr(at + 1);
  }
  for (const std::string_view top : {"lib/", "fuzzers/", "inject/", "tests/", "triage/"}) {
    if (normal.starts_with(top)) return normal;
  }
  return normal.substr(normal.rfind('/') + 1);
}

/// Without ":60:20".
std::string_view without_position(std::string_view path) {
  for (int i = 0; i < 2; ++i) {
    const std::size_t colon = path.rfind(':');
    if (colon == path.npos || path.find_first_not_of("0123456789", colon + 1) != path.npos) break;
    path = path.substr(0, colon);
  }
  return path;
}

Owner owner_of(std::string_view function, std::string_view file) {
  constexpr std::array<std::string_view, 6> kCarriers = {"std::",    "boost::",  "__",
                                                         "inject::", "engine::", "fuzzer::"};
  for (const std::string_view prefix : kCarriers) {
    if (function.starts_with(prefix)) return Owner::machine;
  }
  for (const std::string_view folder : {"inject/", "lib/machine/", "fuzzers/engine/"}) {
    if (file.starts_with(folder)) return Owner::machine;
  }
  if (file.starts_with("lib/")) return Owner::subject;
  if (file.starts_with("fuzzers/") || file.starts_with("tests/") || function == "main")
    return Owner::target;
  return Owner::subject;
}

}  // namespace

std::string plain_name(std::string_view function) {
  std::string name;
  while (!function.empty()) {
    if (function.starts_with("(anonymous namespace)::")) {
      function.remove_prefix(23);
    } else if (function.starts_with("[abi:") || function.starts_with("[clone")) {
      function.remove_prefix(bracketed(function, '[', ']'));
    } else if (function.starts_with(kOperator)) {
      const std::size_t size = operator_name(function);
      name += function.substr(0, size);
      function.remove_prefix(size);
      if (function.starts_with(" <")) function.remove_prefix(1);
    } else if (function[0] == '<') {
      function.remove_prefix(bracketed(function, '<', '>'));
    } else if (function[0] == '(') {
      break;  // arguments; a qualifier or a suffix follows
    } else if (function[0] == ' ') {
      name.clear();  // that was the type it returns
      function.remove_prefix(1);
    } else {
      name += function[0];
      function.remove_prefix(1);
    }
  }
  for (const std::string_view suffix : {".cold", ".isra", ".part", ".constprop", ".llvm"}) {
    name = name.substr(0, name.find(suffix));
  }
  return name.starts_with(kNamespace) ? name.substr(kNamespace.size()) : name;
}

std::optional<Frame> parse_frame(std::string_view line) {
  line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  if (!line.starts_with('#')) return std::nullopt;
  std::size_t at = line.find(' ');
  if (at == line.npos) return std::nullopt;
  std::string_view rest = line.substr(at + 1);
  if (rest.starts_with("0x")) {
    at = rest.find(" in ");
    if (at == rest.npos) return std::nullopt;  // without symbols
    rest = rest.substr(at + 4);
  }
  if (rest.starts_with("<null>")) return std::nullopt;
  // "(t_tsan+0xe7ad1) (BuildId: 1b23)"
  for (const std::string_view mark : {" (BuildId: ", "+0x"}) {
    if (at = rest.find(mark); at != rest.npos) rest = rest.substr(0, rest.rfind(" (", at));
  }
  at = last_outer_space(rest);
  const std::string_view path = at == rest.npos ? std::string_view() : rest.substr(at + 1);
  // The qualifier of a member, as in "f() const", is no path.
  const bool has_path = path.find_first_of("/.:") != path.npos && !path.ends_with(')');
  Frame frame;
  frame.function = plain_name(has_path ? rest.substr(0, at) : rest);
  if (has_path && path != "<null>") frame.file = from_the_top(without_position(path));
  // A file without a folder is a guess from the symbol table: no debug information, none of ours.
  const bool ours = has_path && path.find('/') != path.npos;
  frame.owner = ours ? owner_of(frame.function, frame.file) : Owner::machine;
  return frame;
}

std::string_view module_offset(std::string_view line) {
  line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t plus = line.find("+0x");
  if (!line.starts_with('#') || plus == line.npos) return {};
  const std::size_t slash = line.rfind('/', plus);
  const std::size_t begin = slash == line.npos ? line.rfind('(', plus) : slash;
  if (begin == line.npos) return {};
  return line.substr(begin + 1, line.find(')', plus) - begin - 1);
}

}  // namespace anyctx::triage

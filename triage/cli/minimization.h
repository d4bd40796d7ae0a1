// Minimization: one finding made small, keeping its signature.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "triage/cli/judge.h"

namespace anyctx::triage {

class SchemaCopy;

/// How big a program is.
struct Size {
  std::size_t ops = 0;
  std::size_t decisions = 0;
  bool walk = false;  // decisions of a walk that could not be written out are not counted
};

/// "5 ops, 2 decisions".
std::string to_string(const Size& size);

struct Minimized {
  Sight sight;  // of the smallest program; like that of the original
  std::string target;
  std::string program;           // text
  std::set<std::string> passed;  // signatures of others of the programs that were tried
  Size before;                   // with what its walk decided written out
  Size after;
  std::size_t runs = 0;
  double seconds = 0;
  bool complete = true;  // false: the time was over first
};

class Minimization {
 public:
  /// `judge` looks; `time` is a limit.
  Minimization(const Installation& installation, Judge& judge, std::chrono::seconds time);
  ~Minimization();

  /// `content` is a text or binary program that shows `sight`, `text` its text. Throws SetupError.
  Minimized run(const std::string& text, const Sight& sight);

  /// The signatures that programs show that are one step smaller or plainer than this one, or
  /// differ from it in one thing.
  std::set<std::string> look_around(const std::string& text, std::chrono::seconds time);

  /// How big the program of a text is.
  Size size(const std::string& text);

 private:
  const SchemaCopy& schema_of(const std::string& target);

  const Installation& installation_;
  Judge& judge_;
  std::chrono::seconds time_;
  std::map<std::string, std::unique_ptr<SchemaCopy>> schemas_;
};

}  // namespace anyctx::triage

// CodeStack: where in the code under test something happened, by its sources.
#pragma once

#include <string>
#include <vector>

namespace anyctx::inject {

struct CodePlace {
  std::string file;
  unsigned line = 0;  // 0: not known
  std::string function;
};

struct CodeStack {
  std::string what;               // "decision 3", "verdict", "last access"
  std::vector<CodePlace> places;  // the innermost first; not empty
};

}  // namespace anyctx::inject

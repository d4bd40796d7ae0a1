// Process: child processes, with their output through pipes or straight to ours.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anyctx::triage {

/// How long who waits for output of processes sleeps before it looks at the clock, too.
inline constexpr int kPollMs = 200;

struct Command {
  std::vector<std::string> words;                                // program and arguments
  std::vector<std::pair<std::string, std::string>> environment;  // set besides what is inherited

  Command& with(std::string word) {
    words.push_back(std::move(word));
    return *this;
  }
};

struct Exit {
  int code = 0;    // of an exit
  int signal = 0;  // not 0: ended by this signal
};

/// A child dies with its parent. Moved from: no child.
class Process {
 public:
  enum class Output {
    inherit,  // standard output and error are ours
    pipe,     // both come through output()
    pipes,    // standard output through output(), standard error through errors()
  };

  enum class Input {
    none,  // with pipes: empty; else ours
    pipe,  // what is written to input(); only with pipes
  };

  /// Throws SetupError if the process cannot be started. With pipes, the child is in a process
  /// group of its own: a terminal's Ctrl-C does not reach it.
  Process(const Command& command, Output output, Input input = Input::none);
  ~Process();  // kills and waits for a child that still runs
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  int input() const { return input_; }
  int output() const { return output_; }
  int errors() const { return errors_; }

  /// How it ended; none while it runs.
  std::optional<Exit> poll();
  Exit wait();
  void signal(int number);

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::optional<Exit> exit_;
};

struct Captured {
  Exit exit;
  std::string output;
  std::string errors;
};

/// Runs a process to its end.
Captured capture(const Command& command);

/// What an anyctx process said was wrong: the first line of its errors, without "anyctx: ".
std::string complaint(std::string_view errors);

}  // namespace anyctx::triage

#include "triage/story/trace_events.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace anyctx::triage {
namespace {

using nlohmann::json;

constexpr unsigned kLocks = 1000;  // the process of all locks

class Builder {
 public:
  json build(const json& story) {
    for (const json& step : story.at("steps")) add(step);
    // What did not come to its end: a verdict or a crash ended the run.
    for (auto& [track, open] : open_) {
      while (!open.empty()) close(open, "not finished");
    }
    for (const auto& [lock, taken] : held_) add_held(lock, taken);
    if (const json& verdict = story.at("verdict"); !verdict.is_null()) {
      events_.push_back({{"ph", "i"},
                         {"s", "g"},
                         {"ts", now_},
                         {"pid", verdict.at("cpu")},
                         {"tid", 0},
                         {"name", fmt::format("VERDICT {}", verdict.at("kind").get<std::string>())},
                         {"args", verdict}});
    }
    add_names();
    return {
        {"traceEvents", std::move(events_)},
        {"displayTimeUnit", "ms"},
        {"otherData",
         {{"target", story.at("target")}, {"program", story.at("program")}, {"clock", "steps"}}}};
  }

 private:
  /// Something that began and did not end yet.
  struct Open {
    unsigned cpu = 0;
    unsigned track = 0;
    std::uint64_t since = 0;
    std::string name;
    json args;
  };
  struct Taken {
    std::uint64_t since = 0;
    std::string by;
  };

  void add(const json& step) {
    ++now_;
    const std::string kind = step.at("kind");
    cpu_ = step.at("cpu");
    cpus_.insert(cpu_);
    const unsigned track = track_of(step);
    std::vector<Open>& open = open_[step.at("lane").get<std::string>()];
    if (kind == "begin" || kind == "work") {
      open.push_back({cpu_, track, now_, step.at("text"), {{"where", step.at("where")}}});
    } else if (kind == "end" || kind == "work end") {
      if (!open.empty()) close(open, step.at("text"));
      if (kind == "end") count_result(step.at("value").get<std::uint64_t>() & 3);
    } else if (kind == "lock" || kind == "unlock") {
      add_lock(step, kind == "lock");
    } else {
      add_instant(step, track);
    }
    add_counter("nesting", kind == "end" || kind == "work end"
                               ? step.at("depth").get<unsigned>() - 1
                               : step.at("depth").get<unsigned>());
  }

  /// Tasks have a track each, since one may go on where another one stopped; handlers that of their
  /// context.
  unsigned track_of(const json& step) {
    const std::string lane = step.at("lane");
    const std::string context = step.at("context");
    const std::string name = context == "task" ? lane : context;
    auto& tracks = tracks_[cpu_];
    const auto known = tracks.find(name);
    if (known != tracks.end()) return known->second;
    const auto number = static_cast<unsigned>(tracks.size());
    return tracks[name] = number;
  }

  void close(std::vector<Open>& open, const std::string& how) {
    Open& last = open.back();
    last.args["result"] = how;
    add_span(last.cpu, last.track, last.since, last.name, std::move(last.args));
    open.pop_back();
  }

  void add_span(unsigned pid, unsigned tid, std::uint64_t since, const std::string& name,
                json args) {
    events_.push_back({{"ph", "X"},
                       {"ts", since},
                       {"dur", now_ - since},
                       {"pid", pid},
                       {"tid", tid},
                       {"name", name},
                       {"args", std::move(args)}});
  }

  void add_instant(const json& step, unsigned track) {
    events_.push_back({{"ph", "i"},
                       {"s", "t"},
                       {"ts", now_},
                       {"pid", cpu_},
                       {"tid", track},
                       {"name", step.at("text")},
                       {"cat", step.at("kind")}});
  }

  void add_lock(const json& step, bool taken) {
    std::string name = step.at("point");
    name = fmt::format("{} #{}", name.substr(0, name.rfind('.')), step.at("value").get<unsigned>());
    if (taken) {
      held_[name] = {now_, fmt::format("{} on vCPU {}", step.at("lane").get<std::string>(), cpu_)};
      ++held_by_[cpu_];
    } else if (const auto lock = held_.find(name); lock != held_.end()) {
      add_held(lock->first, lock->second);
      held_.erase(lock);
      if (held_by_[cpu_] > 0) --held_by_[cpu_];
    }
    add_counter("locks held", held_by_[cpu_]);
  }

  void add_held(const std::string& lock, const Taken& taken) {
    const auto number = locks_.emplace(lock, static_cast<unsigned>(locks_.size())).first->second;
    add_span(kLocks, number, taken.since, "held by " + taken.by, json::object());
  }

  void count_result(std::uint64_t outcome) {
    constexpr const char* kNames[] = {"done", "failed", "nothing to do", "other"};
    ++results_[kNames[outcome]];
    json args = json::object();
    for (const auto& [name, count] : results_) args[name] = count;
    events_.push_back({{"ph", "C"}, {"ts", now_}, {"pid", 0}, {"name", "results"}, {"args", args}});
  }

  void add_counter(const char* name, unsigned value) {
    events_.push_back(
        {{"ph", "C"}, {"ts", now_}, {"pid", cpu_}, {"name", name}, {"args", {{"value", value}}}});
  }

  void add_name(const char* what, unsigned pid, unsigned tid, const std::string& name) {
    events_.push_back(
        {{"ph", "M"}, {"pid", pid}, {"tid", tid}, {"name", what}, {"args", {{"name", name}}}});
  }

  void add_names() {
    for (const unsigned cpu : cpus_) add_name("process_name", cpu, 0, fmt::format("vCPU {}", cpu));
    for (const auto& [cpu, tracks] : tracks_) {
      for (const auto& [name, number] : tracks) add_name("thread_name", cpu, number, name);
    }
    if (!locks_.empty()) add_name("process_name", kLocks, 0, "locks");
    for (const auto& [lock, number] : locks_) add_name("thread_name", kLocks, number, lock);
  }

  json events_ = json::array();
  std::uint64_t now_ = 0;
  unsigned cpu_ = 0;
  std::set<unsigned> cpus_;
  std::map<unsigned, std::map<std::string, unsigned>> tracks_;  // by CPU and name
  std::map<std::string, std::vector<Open>> open_;               // by lane, innermost last
  std::map<std::string, Taken> held_;
  std::map<std::string, unsigned> locks_;
  std::map<unsigned, unsigned> held_by_;
  std::map<std::string, unsigned> results_;
};

}  // namespace

json trace_events(const json& story) {
  return Builder().build(story);
}

}  // namespace anyctx::triage

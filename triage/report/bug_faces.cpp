// Signatures of one bug, put together.
#include <algorithm>
#include <iterator>

#include "triage/report/triage_report.h"

namespace anyctx::triage {
namespace {

Face face_of(const Bug& bug) {
  return {.signature = bug.signature,
          .target = bug.target,
          .program = bug.program,
          .smallest = bug.smallest,
          .before = bug.before,
          .after = bug.after,
          .minimal = bug.minimal,
          .file = bug.file,
          .inputs = bug.inputs.size()};
}

void add_face(Bug& bug, Bug other) {
  bug.faces.push_back(face_of(other));
  bug.replays += other.replays;
  bug.same += other.same;
  bug.is_new = bug.is_new && other.is_new;
  std::move(other.inputs.begin(), other.inputs.end(), std::back_inserter(bug.inputs));
}

/// The smallest program explains most.
bool explains_more(const Bug& left, const Bug& right) {
  const auto key = [](const Bug& bug) {
    return std::tuple(std::count(bug.program.begin(), bug.program.end(), '\n'), bug.program.size(),
                      bug.signature.key);
  };
  return key(left) < key(right);
}

}  // namespace

std::vector<std::string> keys_of(const Bug& bug) {
  std::vector<std::string> keys{bug.signature.key};
  for (const Face& face : bug.faces) keys.push_back(face.signature.key);
  return keys;
}

void merge_faces(std::vector<Bug>& bugs, const std::vector<std::vector<std::string>>& groups) {
  std::vector<Bug> merged;
  for (const std::vector<std::string>& group : groups) {
    std::vector<Bug> members;
    for (Bug& bug : bugs) {
      if (std::find(group.begin(), group.end(), bug.signature.key) != group.end())
        members.push_back(std::move(bug));
    }
    if (members.empty()) continue;
    std::sort(members.begin(), members.end(), explains_more);
    for (std::size_t i = 1; i < members.size(); ++i) add_face(members[0], std::move(members[i]));
    merged.push_back(std::move(members[0]));
  }
  bugs = std::move(merged);
}

}  // namespace anyctx::triage

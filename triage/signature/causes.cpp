#include "triage/signature/causes.h"

#include <functional>

namespace anyctx::triage {

void Causes::add(const std::string& key, const std::vector<std::set<std::string>>& around) {
  std::map<std::string, std::size_t> count;
  for (const std::set<std::string>& seen : around) {
    for (const std::string& other : seen) ++count[other];
  }
  std::set<std::string>& faces = faces_[key];
  for (const auto& [other, times] : count) {
    if (other != key && 2 * times > around.size()) faces.insert(other);
  }
}

std::vector<std::vector<std::string>> Causes::groups() const {
  std::map<std::string, std::string> parent;  // of signatures, also of those that no input shows
  const std::function<std::string(const std::string&)> root = [&](const std::string& key) {
    const auto up = parent.find(key);
    return up == parent.end() || up->second == key ? key : root(up->second);
  };
  for (const auto& [key, faces] : faces_) {
    for (const std::string& face : faces) parent[root(face)] = root(key);
  }
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& [key, faces] : faces_) groups[root(key)].push_back(key);
  std::vector<std::vector<std::string>> result;
  for (auto& [key, group] : groups) result.push_back(std::move(group));
  return result;
}

}  // namespace anyctx::triage

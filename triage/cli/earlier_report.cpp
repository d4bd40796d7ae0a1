#include "triage/cli/earlier_report.h"

#include <nlohmann/json.hpp>

#include "triage/cli/files.h"

namespace anyctx::triage {

using nlohmann::json;

namespace {

EarlierReport::KnownBug known_bug(const json& bug) {
  return {bug.at("program"), bug.at("smallest"), bug.at("before"), bug.at("minimal")};
}

}  // namespace

EarlierReport::EarlierReport(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "report.json";
  if (!std::filesystem::exists(file)) return;
  try {
    const json report = json::parse(read_file(file));
    for (const json& hash : report.at("hashes")) hashes_.insert(hash.get<std::string>());
    for (const json& bug : report.at("bugs")) {
      bugs_[bug.at("key")] = known_bug(bug);
      for (const json& face : bug.at("faces")) bugs_[face.at("key")] = known_bug(face);
    }
  } catch (const json::exception&) {
    broken_ = true;
    hashes_.clear();
    bugs_.clear();
  }
}

const EarlierReport::KnownBug* EarlierReport::find(const std::string& key) const {
  const auto bug = bugs_.find(key);
  return bug == bugs_.end() ? nullptr : &bug->second;
}

}  // namespace anyctx::triage

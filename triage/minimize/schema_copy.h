// Schema copy: a target's schema in the tool, which does not link targets.
#pragma once

#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fuzzers/ops/schema.h"

namespace anyctx::triage {

class SchemaCopy {
 public:
  /// `description` is what `anyctx-run schema TARGET` prints. Throws nlohmann::json::exception.
  explicit SchemaCopy(const nlohmann::json& description);
  SchemaCopy(const SchemaCopy&) = delete;
  SchemaCopy& operator=(const SchemaCopy&) = delete;

  const program::Schema& schema() const { return schema_; }

 private:
  std::string_view keep(const nlohmann::json& text);
  std::span<const std::string_view> keep_words(const nlohmann::json& words);
  program::ArgSpec arg(const nlohmann::json& description);

  // What the schema refers to. A deque's elements stay where they are.
  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> words_;
  std::deque<std::vector<std::uint32_t>> values_;
  std::deque<std::vector<program::ArgSpec>> args_;
  std::vector<program::ParamSpec> params_;
  std::vector<program::OpSpec> ops_;
  std::vector<machine::SiteInfo> sites_;
  std::span<const machine::SiteInfo> table_;
  program::Schema schema_;
};

}  // namespace anyctx::triage

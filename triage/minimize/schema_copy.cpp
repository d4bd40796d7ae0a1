#include "triage/minimize/schema_copy.h"

#include <nlohmann/json.hpp>

namespace anyctx::triage {

using nlohmann::json;

SchemaCopy::SchemaCopy(const json& description) {
  for (const json& param : description.at("params")) {
    params_.push_back({keep(param.at("name")), param.at("min"), param.at("max"),
                       param.at("fallback"), keep_words(param.at("words"))});
  }
  for (const json& op : description.at("ops")) {
    std::vector<program::ArgSpec>& args = args_.emplace_back();
    for (const json& spec : op.at("args")) args.push_back(arg(spec));
    ops_.push_back({.name = keep(op.at("name")),
                    .lanes = op.at("lanes"),
                    .nolock = op.at("nolock"),
                    .has_result = op.at("has_result"),
                    .args = args});
  }
  for (const json& site : description.at("sites")) {
    sites_.push_back({machine::Site{site.at("site").get<std::uint8_t>()},
                      static_cast<machine::SiteKind>(site.at("kind").get<unsigned>()),
                      keep(site.at("name")), site.at("verbs").get<std::uint8_t>(),
                      keep(site.at("what"))});
  }
  table_ = sites_;
  schema_ = {keep(description.at("target")), description.at("id").get<std::uint8_t>(), params_,
             ops_, std::span(&table_, 1)};
}

std::string_view SchemaCopy::keep(const json& text) {
  return texts_.emplace_back(text.get<std::string>());
}

std::span<const std::string_view> SchemaCopy::keep_words(const json& words) {
  std::vector<std::string_view>& kept = words_.emplace_back();
  for (const json& word : words) kept.push_back(keep(word));
  return kept;
}

program::ArgSpec SchemaCopy::arg(const json& description) {
  std::vector<std::uint32_t>& values = values_.emplace_back();
  for (const json& value : description.at("values")) values.push_back(value);
  return {keep(description.at("name")),
          static_cast<program::ArgKind>(description.at("kind").get<unsigned>()),
          description.at("min"),
          description.at("max"),
          values,
          keep_words(description.at("words")),
          description.at("optional"),
          description.at("fallback")};
}

}  // namespace anyctx::triage

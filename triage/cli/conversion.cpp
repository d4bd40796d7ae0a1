#include "triage/cli/conversion.h"

#include "triage/cli/process.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {

void convert_into(const std::filesystem::path& folder, const Installation& installation,
                  const Conversion& conversion, const std::vector<std::string>& files) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  if (files.empty()) return;
  Command convert = installation.runner().with("convert");
  convert.with("--to").with(conversion.to).with("-o").with(folder);
  if (conversion.fitting) convert.with("--fitting");
  for (const std::string& param : conversion.params) convert.with("--param").with(param);
  if (!conversion.decisions) convert.with("--no-decisions");
  for (const std::string& file : files) convert.with(file);
  const Captured captured = capture(convert);
  if (captured.exit.code != 0 || captured.exit.signal != 0)
    throw SetupError(complaint(captured.errors));
}

}  // namespace anyctx::triage

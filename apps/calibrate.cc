// tools/calibrate: fits constants to measured files and writes topologies/catalogue/kernels.yaml,
// stacks_fitted.yaml and training_fitted.yaml.
#include "validation/calibrate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "base/file.h"
#include "validation/calibrate_stacks.h"
#include "validation/calibrate_training.h"

int main(int argc, char** argv) {
  using namespace jevons;
  std::string folder, out, date;
  CLI::App app{
      "Fits the constants of GPU kernels, or of serving or training stacks, to measured files and writes them with "
      "their provenance."};
  app.name("calibrate");
  app.add_option("--data", folder, "Folder of measured data (default: JEVONS_DATA, else ../shared/data)");
  app.add_option("--out", out, "File to write (default: standard output)")->check([](const std::string& path) {
    return std::string(path.empty() ? "expected a name, got ''" : "");
  });
  bool stacks = false, training = false;
  CLI::Option* serving = app.add_flag("--stacks", stacks, "Fit serving stacks (on the built-in kernels), not kernels");
  app.add_flag("--training", training, "Fit training stacks (on the built-in kernels), not kernels")->excludes(serving);
  app.add_option("--date", date, "Date that goes into every source")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    std::fprintf(stderr, "calibrate: %s; see calibrate --help\n", e.what());
    return 2;
  }
  const auto refuse = [](const Error& error) {
    std::fprintf(stderr, "calibrate: %s\n", error.text().c_str());
    return 2;
  };
  // A fit takes minutes: a folder that is missing is told before.
  std::optional<AtomicFile> file;
  if (!out.empty()) {
    auto created = AtomicFile::create(out);
    if (!created) return refuse(created.error());
    file = *std::move(created);
  }
  const auto tell = [](std::string_view what) {
    std::fprintf(stderr, "calibrate: %.*s\n", static_cast<int>(what.size()), what.data());
  };
  const DataFolder data = DataFolder::find(folder);
  const Catalogue catalogue = Catalogue::builtin();
  const auto text = training ? calibrate_training(data, catalogue, date, tell)
                    : stacks ? calibrate_stacks(data, catalogue, date, tell)
                             : calibrate_kernels(data, catalogue, date, tell);
  if (!text) return refuse(text.error());
  if (!file) {
    const bool printed = std::fwrite(text->data(), 1, text->size(), stdout) == text->size() && std::fflush(stdout) == 0;
    return printed ? 0 : refuse(Error{"cannot write", "standard output"});
  }
  if (const Status s = file->write(*text); !s) return refuse(s.error());
  const Status s = file->commit();
  return s ? 0 : refuse(s.error());
}

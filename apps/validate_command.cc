// `jevons validate`: thin over validation/validate.h.
#include "apps/validate_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/tell.h"
#include "base/file.h"
#include "base/text.h"
#include "topologies/catalogue.h"
#include "validation/validate.h"

namespace jevons {
namespace {

struct ValidateOptions {
  std::string data, only, json, csv;
  bool details = false, markdown = false, strict = false;
};

int refuse(const Error& error) {
  tell(error.text());
  return 2;
}

int write_files(const ValidateOptions& o, const ValidationRows& rows) {
  if (!o.json.empty()) {
    if (const Status s = write_whole_file(o.json, validation_json(rows)); !s) return refuse(s.error());
  }
  if (!o.csv.empty()) {
    if (const Status s = write_whole_file(o.csv, validation_csv(rows)); !s) return refuse(s.error());
  }
  return 0;
}

int run(const ValidateOptions& o) {
  std::error_code ignored;
  if (!o.data.empty() && !std::filesystem::is_directory(o.data, ignored)) {
    return refuse({"expected a folder of measured data, got '" + o.data + "'", "--data"});
  }
  const auto rows = validate(DataFolder::find(o.data), Catalogue::builtin(), o.only);
  if (!rows) return refuse(rows.error());
  if (rows->empty()) {
    return refuse({"no row's id starts with '" + o.only.substr(0, 60) + "'" + nearest_hint(o.only, validation_parts()),
                   "--only"});
  }
  if (const int code = write_files(o, *rows); code != 0) return code;
  const std::string text = o.markdown ? validation_markdown(*rows) : validation_text(*rows, o.details);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) return 1;
  return o.strict && count(*rows).failed > 0 ? 1 : 0;
}

}  // namespace

void add_validate_command(CLI::App& root, int* exit_code) {
  CLI::App* command = root.add_subcommand("validate", "Compare the time model with published and measured figures");
  const auto o = std::make_shared<ValidateOptions>();
  command->add_option("--data", o->data, "Folder of measured data (default: JEVONS_DATA, else ../shared/data)");
  command->add_option("--only", o->only, "Only rows whose id starts with this: kernels, serving.mean, training, ...");
  command->add_flag("--details", o->details, "Print each row's note below it");
  command->add_flag("--markdown", o->markdown, "Write Markdown (docs/validation.md is `jevons validate --markdown`)");
  command->add_option("--json", o->json, "Write all rows to a file as JSON");
  command->add_option("--csv", o->csv, "Write all rows to a file as CSV");
  command->add_flag("--strict", o->strict, "Exit with 1 when a row that no fit has seen misses what is allowed");
  command->callback([o, exit_code] { *exit_code = run(*o); });
}

}  // namespace jevons

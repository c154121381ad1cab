// `jevons validate`: thin over validation/validate.h.
#include "apps/validate_command.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "apps/answer.h"
#include "apps/command_line.h"
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

// Opened before the first row is worked out, so that a folder that is missing costs no minute.
struct Files {
  std::optional<AtomicFile> json, csv;

  Status open(const ValidateOptions& o) {
    if (!o.json.empty() && o.json == o.csv) {
      return Error{"expected two different files, got one for --json and --csv", o.json};
    }
    for (const auto& [path, file] : {std::pair(&o.json, &json), std::pair(&o.csv, &csv)}) {
      if (path->empty()) continue;
      auto created = AtomicFile::create(*path);
      if (!created) return created.error();
      *file = *std::move(created);
    }
    return Ok{};
  }
  Status write(const ValidationRows& rows) {
    if (json) {
      if (Status s = json->write(validation_json(rows)); !s) return s;
      if (Status s = json->seal(); !s) return s;
    }
    if (csv) {
      if (Status s = csv->write(validation_csv(rows)); !s) return s;
      if (Status s = csv->commit(); !s) return s;
    }
    return json ? json->commit() : Status(Ok{});
  }
};

int run(const ValidateOptions& o) {
  std::error_code ignored;
  if (!o.data.empty() && !std::filesystem::is_directory(o.data, ignored)) {
    return refuse({"expected a folder of measured data, got '" + o.data + "'", "--data"});
  }
  Files files;
  if (const Status opened = files.open(o); !opened) return refuse(opened.error());
  const auto rows = validate(DataFolder::find(o.data), Catalogue::builtin(), o.only);
  if (!rows) return refuse(rows.error());
  if (rows->empty()) {
    return refuse({"no row's id starts with '" + o.only.substr(0, 60) + "'" + nearest_hint(o.only, validation_parts()),
                   "--only"});
  }
  if (const Status written = files.write(*rows); !written) return refuse(written.error());
  const std::string text = o.markdown ? validation_markdown(*rows) : validation_text(*rows, o.details);
  if (const int code = answer(text); code != kExitOk) return code;
  return o.strict && count(*rows).failed > 0 ? kExitRunFailed : kExitOk;
}

}  // namespace

void add_validate_command(CLI::App& root, int* exit_code) {
  CLI::App* command = root.add_subcommand("validate", "Compare the time model with published and measured figures");
  const auto o = std::make_shared<ValidateOptions>();
  command->add_option("--data", o->data, "Folder of measured data (default: JEVONS_DATA, else ../shared/data)");
  command->add_option("--only", o->only, "Only rows whose id starts with this: kernels, serving.mean, training, ...");
  command->add_flag("--details", o->details, "Print each row's note below it");
  command->add_flag("--markdown", o->markdown, "Write Markdown (docs/validation.md is `jevons validate --markdown`)");
  const auto named = [](const std::string& path) { return std::string(path.empty() ? "expected a name, got ''" : ""); };
  command->add_option("--json", o->json, "Write all rows to a file as JSON")->check(named);
  command->add_option("--csv", o->csv, "Write all rows to a file as CSV")->check(named);
  command->add_flag("--strict", o->strict, "Exit with 1 when a row that no fit has seen misses what is allowed");
  command->callback([o, exit_code] { *exit_code = run(*o); });
}

}  // namespace jevons

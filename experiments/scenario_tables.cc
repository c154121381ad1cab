// Fields of iteration_table -> the readers of sim/model/iteration_csv.h.
#include "experiments/scenario_tables.h"

#include <algorithm>

#include "experiments/scenario_check.h"
#include "sim/model/iteration_csv.h"

namespace jevons {
namespace {

class TableFiles {
 public:
  TableFiles(const ScenarioFile& file, std::string path) : file_(file), path_(std::move(path)) {}

  // The file that `field` names, which `format` needs.
  Result<std::string> required(const std::string& field, const std::string& name, const std::string& format) const {
    if (name.empty())
      return file_.places.error(path_ + "." + field, "missing (expected a file name for format " + format + ")");
    return resolve_path(file_, path_ + "." + field, name);
  }
  Status unused(const std::string& field, bool set, const std::string& format) const {
    if (!set) return Ok{};
    return file_.places.error(path_ + "." + field, "not used by format " + format);
  }

 private:
  const ScenarioFile& file_;
  std::string path_;
};

// The readers name the CSV file; a table that is too small is the pool's matter too.
Result<std::unique_ptr<IterationTable>> placed(const ScenarioFile& file, const std::string& path,
                                               Result<std::unique_ptr<IterationTable>> table) {
  if (!table && table.error().where.empty()) return file.places.error(path, table.error().message);
  return table;
}

}  // namespace

Result<std::unique_ptr<IterationTable>> read_iteration_table(const ScenarioFile& file, const std::string& pool_path,
                                                             const proto::Pool& pool) {
  const proto::IterationTables& t = pool.iteration_table();
  const std::string path = pool_path + ".iteration_table";
  const TableFiles files(file, path);
  const IterationLimits limits{pool.max_num_seqs(), pool.max_num_batched_tokens(), pool.max_model_len()};
  if (t.format() == "grid") {
    for (const auto& [field, set] : {std::pair<std::string, bool>{"per_token_ops", t.has_per_token_ops()},
                                     {"attn_prefill", t.has_attn_prefill()},
                                     {"attn_decode", t.has_attn_decode()}}) {
      if (Status s = files.unused(field, set, t.format()); !s) return s.error();
    }
    const auto name = files.required("file", t.file(), t.format());
    if (!name) return name.error();
    return placed(file, path, read_iteration_grid(*name, limits));
  }
  if (Status s = files.unused("file", t.has_file(), t.format()); !s) return s.error();
  VidurTables vidur;
  vidur.layers = t.layers();
  for (const auto& [field, name, out] :
       {std::tuple<std::string, std::string, std::string*>{"per_token_ops", t.per_token_ops(), &vidur.per_token_ops},
        {"attn_prefill", t.attn_prefill(), &vidur.attn_prefill},
        {"attn_decode", t.attn_decode(), &vidur.attn_decode}}) {
    const auto found = files.required(field, name, t.format());
    if (!found) return found.error();
    *out = *found;
  }
  return placed(file, path, read_vidur_tables(vidur, limits));
}

}  // namespace jevons

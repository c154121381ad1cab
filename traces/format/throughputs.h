// Steps per second of job types on GPU types, as measured by Gavel (OSDI'20): simulation_throughputs.json.
//
// An object by GPU type of objects by "('JOB TYPE', GPUS)" of objects by partner; the partner "null" is a job alone,
// and the only one read.  GPU types that end in "_unconsolidated" (a gang over several nodes) are left out: what a
// network costs is the simulator's to say.
#ifndef JEVONS_TRACES_FORMAT_THROUGHPUTS_H_
#define JEVONS_TRACES_FORMAT_THROUGHPUTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace jevons {

class Throughputs {
 public:
  // Error: the disk, or not of this form; names the file and the key.
  static Result<Throughputs> read(const std::string& path);

  // GPU types, by name.
  std::vector<std::string> gpu_types() const;
  // Steps per second; 0 = does not run there (or was not measured).  With `scale`, what lacks for `gpus` is taken from
  // the largest smaller number of GPUs, in proportion.
  double find(const std::string& gpu, std::string_view job_type, std::int64_t gpus, bool scale) const;

 private:
  using BySize = std::map<std::int64_t, double>;
  std::map<std::string, std::map<std::string, BySize, std::less<>>> by_gpu_;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_FORMAT_THROUGHPUTS_H_

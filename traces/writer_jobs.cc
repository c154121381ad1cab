// Jobs as our CSV or in our binary form.  What no job of the trace has gets no column, and the first version of the
// binary form, so that traces without it are as they always were.
#include <algorithm>
#include <array>

#include "traces/job_check.h"
#include "traces/writer.h"
#include "traces/writer_parts.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string_view name_of(Flexibility f) {
  return f == Flexibility::kElastic ? "elastic" : f == Flexibility::kMoldable ? "moldable" : "rigid";
}

// Parts of a list in one field.  Error: a name has a sign in it that separates.
Status append_name(std::string* out, const std::string& name, std::string_view signs, const std::string& path) {
  if (!out->empty()) *out += ';';
  if (name.find_first_of(signs) != std::string::npos) {
    return Error{"the name '" + name + "' cannot be written to a list in csv (expected no '" +
                     std::string(1, signs[0]) + "', or binary)",
                 path};
  }
  *out += name;
  return Ok{};
}

// A column that a trace has if any of its jobs has something there.
struct Column {
  std::string_view name;
  bool (*there)(const TrainingJob& job);
  // Appends to an empty field, which may then be quoted.
  Status (*write)(const TrainingJob& job, std::string* out, const std::string& path);
};

void append_gpus(std::string* out, Gpus gpus) {
  if (gpus.value != 0) append(out, std::int64_t{gpus.value});
}

Status write_scaling(const TrainingJob& job, std::string* out, const std::string&) {
  for (const ScalingPoint& p : job.scaling) {
    if (!out->empty()) *out += ';';
    append(out, std::int64_t{p.gpus.value});
    *out += '=' + text_of(p.speed);
  }
  return Ok{};
}

Status write_speeds(const TrainingJob& job, std::string* out, const std::string& path) {
  for (const auto& [gpu, speed] : job.speed_by_gpu) {
    if (Status s = append_name(out, gpu, "=;", path); !s) return s;
    *out += '=' + text_of(speed);
  }
  return Ok{};
}

Status write_after(const TrainingJob& job, std::string* out, const std::string& path) {
  for (const std::string& name : job.after) {
    if (Status s = append_name(out, name, ";", path); !s) return s;
  }
  return Ok{};
}

const std::array<Column, 11>& columns() {
  static const std::array<Column, 11> kColumns{{
      {"priority", [](const TrainingJob& j) { return j.priority != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         append(out, std::int64_t{j.priority});
         return Ok{};
       }},
      {"deadline", [](const TrainingJob& j) { return j.deadline != Instant::never(); },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         if (j.deadline != Instant::never()) append_time(out, j.deadline.ns, kSecond);
         return Ok{};
       }},
      {"flexibility", [](const TrainingJob& j) { return j.flexibility != Flexibility::kRigid; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         *out += name_of(j.flexibility);
         return Ok{};
       }},
      {"min_gpus", [](const TrainingJob& j) { return j.min_gpus.value != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         append_gpus(out, j.min_gpus);
         return Ok{};
       }},
      {"max_gpus", [](const TrainingJob& j) { return j.max_gpus.value != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         append_gpus(out, j.max_gpus);
         return Ok{};
       }},
      {"scaling", [](const TrainingJob& j) { return !j.scaling.empty(); }, write_scaling},
      {"speed_by_gpu", [](const TrainingJob& j) { return !j.speed_by_gpu.empty(); }, write_speeds},
      {"after", [](const TrainingJob& j) { return !j.after.empty(); }, write_after},
      {"cpus", [](const TrainingJob& j) { return j.cpus != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         *out += text_of(j.cpus);
         return Ok{};
       }},
      {"memory_bytes", [](const TrainingJob& j) { return j.memory.value != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         append(out, j.memory.value);
         return Ok{};
       }},
      {"gpu_milli", [](const TrainingJob& j) { return j.share.value != 0; },
       [](const TrainingJob& j, std::string* out, const std::string&) -> Status {
         append(out, std::int64_t{j.share.value});
         return Ok{};
       }},
  }};
  return kColumns;
}

std::vector<const Column*> needed_columns(const std::vector<TrainingJob>& jobs) {
  std::vector<const Column*> needed;
  for (const Column& c : columns()) {
    if (std::any_of(jobs.begin(), jobs.end(), c.there)) needed.push_back(&c);
  }
  return needed;
}

Status write_jobs_csv(AtomicFile file, const JobTrace& trace) {
  const std::vector<const Column*> more = needed_columns(trace.jobs);
  std::string line = "job_id,submit,num_gpus,dur,vc,estimate,parameters", field;
  for (const Column* c : more) line.append(",").append(c->name);
  if (Status s = file.write(line + "\n"); !s) return s;
  for (const TrainingJob& j : trace.jobs) {
    line.clear();
    if (Status s = append_text(&line, j.name, file.path()); !s) return s;
    line += ',';
    append_time(&line, j.submit.ns, kSecond);
    line += ',';
    append(&line, std::int64_t{j.gpus.value});
    line += ',';
    append_time(&line, j.run_time.ns, kSecond);
    line += ',';
    if (Status s = append_text(&line, j.tenant, file.path()); !s) return s;
    line += ',';
    append_time(&line, j.estimate.ns, kSecond);
    line += ',' + text_of(j.parameters);
    for (const Column* c : more) {
      line += ',';
      field.clear();
      if (Status s = c->write(j, &field, file.path()); !s) return s;
      if (Status s = append_text(&line, field, file.path()); !s) return s;
    }
    line += '\n';
    if (Status s = file.write(line); !s) return s;
  }
  return file.commit();
}

void fill_traits(const TrainingJob& j, proto::JobRecord* record) {
  record->set_priority(j.priority);
  if (j.deadline != Instant::never()) record->set_deadline_ns(static_cast<std::uint64_t>((j.deadline - j.submit).ns));
  record->set_flexibility(static_cast<proto::JobRecord::Flexibility>(j.flexibility));
  record->set_min_gpus(static_cast<std::uint32_t>(j.min_gpus.value));
  record->set_max_gpus(static_cast<std::uint32_t>(j.max_gpus.value));
  for (const ScalingPoint& p : j.scaling) {
    proto::Scaling* point = record->add_scaling();
    point->set_gpus(static_cast<std::uint32_t>(p.gpus.value));
    point->set_speed(p.speed);
  }
  for (const auto& [gpu, speed] : j.speed_by_gpu) {
    proto::GpuSpeed* s = record->add_speed_by_gpu();
    s->set_gpu(gpu);
    s->set_speed(speed);
  }
  for (const std::string& name : j.after) record->add_after(name);
  record->set_cpus(j.cpus);
  record->set_memory(static_cast<std::uint64_t>(j.memory.value));
  record->set_gpu_milli(static_cast<std::uint32_t>(j.share.value));
}

Status write_jobs_binary(BinaryFile file, const JobTrace& trace) {
  const bool more = !needed_columns(trace.jobs).empty();
  if (Status s = file.begin(proto::TraceHeader::KIND_JOBS, more ? kBinaryVersionOfJobs : kBinaryVersion); !s) return s;
  proto::JobRecord record;
  for (const TrainingJob& j : trace.jobs) {
    record.Clear();
    record.set_name(j.name);
    record.set_gap_ns(file.gap_to(j.submit));
    record.set_gpus(static_cast<std::uint32_t>(j.gpus.value));
    record.set_run_time_ns(static_cast<std::uint64_t>(j.run_time.ns));
    record.set_estimate_ns(static_cast<std::uint64_t>(j.estimate.ns));
    record.set_tenant(j.tenant);
    record.set_parameters(j.parameters);
    fill_traits(j, &record);
    if (Status s = file.add(BinaryField::kJob, record, j.submit.ns, record.gpus(), record.run_time_ns()); !s) return s;
  }
  return file.finish();
}

}  // namespace

std::vector<std::string> job_write_formats() { return {"csv", "binary"}; }

Status write_jobs(const std::string& path, const JobTrace& trace, const WriteOptions& options) {
  auto format = chosen_format(path, options.format, job_write_formats());
  if (!format) return format.error();
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  Instant last{0};
  for (const TrainingJob& j : trace.jobs) {
    if (j.submit < last) return Error{"jobs are not in order of submission", path};
    if (const BadRow bad = check_job(j)) return Error{"job '" + j.name + "': " + bad.message(), path};
    last = j.submit;
  }
  if (*format == "csv") return write_jobs_csv(*std::move(file), trace);
  return write_jobs_binary(BinaryFile(*std::move(file)), trace);
}

}  // namespace jevons

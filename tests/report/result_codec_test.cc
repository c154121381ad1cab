// A run survives its way through protobuf to the last bit, and no bytes crash the decoder.
#include "report/result_codec.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "proto/result.pb.h"
#include "report/json.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

proto::RunRecord record_of(const RunReport& run) {
  proto::RunRecord record;
  encode_run(run, &record);
  return record;
}

TEST(ResultCodec, RoundTripLosesNothing) {
  Comparison c = report_test::comparison_of({"a"});
  RunReport& run = *c.cells[0].run;
  run.result.ledger_by_group[0].by_purpose[2] = GpuTime{(Int128{1} << 100) + 12345};  // Beyond 64 bits.
  run.result.ledger_by_group[1].by_purpose[3] = GpuTime{-7};
  run.result.ledger.by_phase[9] = GpuTime{(Int128{1} << 90) + 1};
  run.result.pools[0].degraded = 17;
  run.result.guests = {.open = GpuTime{5}, .work = GpuTime{(Int128{1} << 80)}, .starts = 3, .sent_away = 2};
  run.result.guests.by_purpose[5] = GpuTime{-9};
  run.result.shares = {.held = GpuTime{7}, .used = GpuTime{(Int128{1} << 79)}, .opened = 4, .joined = 5};
  run.result.shares.by_purpose[5] = GpuTime{-11};
  run.result.pools[0].earned = MicroDollars{1'234'567};
  run.result.serving.ttft.add(std::numeric_limits<std::int64_t>::max());
  const std::string before = json_report(c);
  auto back = decode_run(record_of(run));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->result.serving.ttft.counts(), run.result.serving.ttft.counts());
  EXPECT_EQ(back->result.serving.ttft.sum(), run.result.serving.ttft.sum());
  EXPECT_EQ(back->result.pools[0].degraded, 17U);
  EXPECT_EQ(back->result.pools[0].earned, MicroDollars{1'234'567});
  EXPECT_EQ(back->horizon, run.horizon);
  c.cells[0].run = *std::move(back);
  EXPECT_EQ(json_report(c), before);
  EXPECT_EQ(record_of(*c.cells[0].run).SerializeAsString(), record_of(run).SerializeAsString());
}

TEST(ResultCodec, EmptyResultRoundTrips) {
  const auto back = decode_run(record_of(RunReport{}));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->result.serving.ttft.count(), 0U);
  EXPECT_EQ(back->result.serving.ttft.min(), 0);
}

// Names come from scenarios and messages quote traces; a worker's answer that did not parse ended the whole comparison.
TEST(ResultCodec, TextThatIsNotUtf8Survives) {
  RunReport run = report_test::run_of(0);
  run.result.warnings = "row 3: '\xff\xfe'";
  run.result.groups[0] = "\x80";
  proto::RunRecord record;
  ASSERT_TRUE(record.ParseFromString(record_of(run).SerializeAsString()));
  const auto back = decode_run(record);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->result.warnings, run.result.warnings);
  EXPECT_EQ(back->result.groups[0], "\x80");
}

TEST(ResultCodec, MalformedRecordsAreErrors) {
  proto::RunRecord record = record_of(report_test::run_of(0));
  record.mutable_serving()->mutable_ttft()->add_skip(1);  // Without its count.
  EXPECT_FALSE(decode_run(record).ok());
  record = record_of(report_test::run_of(0));
  record.mutable_serving()->mutable_ttft()->set_skip(0, 4'000'000'000U);  // Would take 32 GB.
  EXPECT_FALSE(decode_run(record).ok());
  record = record_of(report_test::run_of(0));
  record.mutable_ledger()->mutable_by_purpose()->RemoveLast();
  EXPECT_FALSE(decode_run(record).ok());
  record = record_of(report_test::run_of(0));
  record.mutable_ledger()->mutable_by_phase()->RemoveLast();
  EXPECT_FALSE(decode_run(record).ok());
  record = record_of(report_test::run_of(0));
  record.mutable_groups(0)->add_watts(1);
  EXPECT_FALSE(decode_run(record).ok());
  record = record_of(report_test::run_of(0));
  record.clear_joules_by_phase();
  EXPECT_FALSE(decode_run(record).ok());
}

TEST(ResultCodec, DamagedBytesNeverCrash) {
  const std::string good = record_of(report_test::run_of(1)).SerializeAsString();
  RandomStream random(1, "damage");
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    proto::RunRecord record;
    if (record.ParseFromString(bytes)) (void)decode_run(record).ok();
  }
}

}  // namespace
}  // namespace jevons

// Per-request rows: exact to the nanosecond, and a full disk is an error.
#include "report/requests_csv.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace jevons {
namespace {

RequestRecord completed() {
  RequestRecord r;
  r.id = {41};
  r.workload = 1;
  r.pool = {0};
  r.replica = {7};
  r.prompt = Tokens{100};
  r.output = Tokens{4};
  r.cut = Tokens{6};
  r.produced = Tokens{4};
  r.reused = Tokens{32};
  r.prefilled = Tokens{68};
  r.arrival = Instant{1'000'000'001};
  r.scheduled = Instant{1'000'000'002};
  r.first_token = Instant{1'500'000'001};
  r.finish = Instant{2'000'000'003};
  return r;
}

std::string rows_of(const RequestRecord& record) {
  std::string out;
  RequestsCsv csv("split", 7, {"chat,1"}, {"a", "b"}, [&](std::string_view rows) -> Status {
    out += rows;
    return Ok{};
  });
  csv.on_request_end(record.finish, record);
  EXPECT_TRUE(csv.finish().ok());
  return out;
}

TEST(RequestsCsv, ACompletedRequest) {
  // 500,000,002 ns after the first token for three tokens: 166,666,667 each.
  EXPECT_EQ(rows_of(completed()),
            "split,7,41,b,\"chat,1\",7,completed,100,4,4,32,68,0,0,1.000000001,1.000000002,1.500000001,2.000000003,"
            "0.500000000,0.166666667,1.000000002,6\n");
}

TEST(RequestsCsv, ARefusedRequestHasNoTimes) {
  RequestRecord r = completed();
  r.reason = FinishReason::kRejected;
  r.replica = ReplicaId{};
  r.scheduled = r.first_token = Instant::never();
  r.produced = r.reused = r.prefilled = r.cut = Tokens{0};
  EXPECT_EQ(rows_of(r), "split,7,41,b,\"chat,1\",,rejected,100,4,0,0,0,0,0,1.000000001,,,2.000000003,,,,0\n");
}

TEST(RequestsCsv, OneTokenHasNoTpot) {
  RequestRecord r = completed();
  r.output = r.produced = Tokens{1};
  r.finish = r.first_token;
  EXPECT_TRUE(rows_of(r).ends_with("0.500000000,,0.500000000,6\n"));
}

TEST(RequestsCsv, RowsHaveAsManyFieldsAsTheHeader) {
  const auto commas = [](std::string_view s) { return std::count(s.begin(), s.end(), ','); };
  EXPECT_EQ(commas(rows_of(completed())), commas(RequestsCsv::header()) + 1);  // One comma is quoted.
}

TEST(RequestsCsv, TheFirstErrorOfTheSinkStops) {
  int calls = 0;
  RequestsCsv csv("split", 7, {}, {}, [&](std::string_view) -> Status {
    ++calls;
    return Error{"disk full", "r.csv"};
  });
  for (int i = 0; i < 20'000; ++i) csv.on_request_end({}, completed());
  const Status status = csv.finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "r.csv: disk full");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace jevons

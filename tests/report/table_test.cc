// Tables and wrapped text stay within 80 columns whatever goes in.
#include "report/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "report/number_text.h"

namespace jevons {
namespace {

std::size_t widest(const std::string& text) {
  std::size_t most = 0, begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    most = std::max(most, text_columns(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return most;
}

TEST(Table, SmallTableAsDrawn) {
  const std::string text = render_table(
      {"alpha", "beta_gamma"},
      {{"Things", {}}, {"first", {{"1", true}, {"22", false}}}, {"second one", {{"333", false}, {"4", true}}}}, false);
  EXPECT_EQ(text,
            "                alpha  beta_gamma\n"
            "Things\n"
            "first               1*         22\n"
            "second one        333           4*\n");
}

TEST(Table, BestIsColoredOnlyWhereThereIsColor) {
  const std::vector<TableRow> rows{{"x", {{"1", true}, {"2", false}}}};
  EXPECT_EQ(render_table({"a", "b"}, rows, false).find('\033'), std::string::npos);
  EXPECT_NE(render_table({"a", "b"}, rows, true).find("\033[1;32m"), std::string::npos);
}

TEST(Table, AnyNumberOfPoliciesWithAnyNamesFits) {
  for (std::size_t n = 1; n <= 12; ++n) {
    for (const std::size_t length : {1U, 8U, 13U, 40U, 200U}) {
      std::vector<std::string> names;
      std::vector<TableCell> cells;
      for (std::size_t i = 0; i < n; ++i) {
        names.push_back(std::string(length, static_cast<char>('a' + i)));
        cells.push_back({"1,234 100 %", i == 0});
      }
      const std::string text = render_table(names, {{"queueing delay mean", cells}, {"x", cells}}, false);
      EXPECT_LE(widest(text), kReportColumns) << n << " " << length << "\n" << text;
      // Every policy's figures are there.
      std::size_t count = 0;
      for (std::size_t at = text.find("1,234"); at != std::string::npos; at = text.find("1,234", at + 1)) ++count;
      EXPECT_EQ(count, 2 * n);
    }
  }
}

TEST(Table, BlocksAreEven) {
  const std::vector<TableCell> cells(6, TableCell{"123,456,789,012", false});
  const std::string text = render_table({"a", "b", "c", "d", "e", "f"}, {{"a label of some length", cells}}, false);
  // Three fit, so six make two blocks of three.
  EXPECT_EQ(text.find("a label"), text.rfind("a label", text.find("\n\n")));
  EXPECT_NE(text.find("\n\n"), std::string::npos);
}

TEST(Table, WrappedTextBreaksAtBlanksAndBreaksLongWords) {
  EXPECT_EQ(wrap_text("a b"), "a b\n");
  EXPECT_EQ(wrap_text(""), "");
  const std::string sentence(200, 'w');
  EXPECT_LE(widest(wrap_text(sentence, "  ")), kReportColumns);
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  const std::string wrapped = wrap_text(words, "  ");
  EXPECT_LE(widest(wrapped), kReportColumns);
  EXPECT_NE(wrapped.find("\n  word"), std::string::npos);
}

}  // namespace
}  // namespace jevons

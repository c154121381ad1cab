// Comma-separated values with a header line: columns are bound by name, in any order, unknown ones ignored.
//
// Quotes as in RFC 4180, except that a quoted field ends with its line.
#ifndef JEVONS_TRACES_CSV_H_
#define JEVONS_TRACES_CSV_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "traces/fields.h"

namespace jevons {

// The fields of a line, unquoted.
std::vector<std::string> split_csv(std::string_view line);
// Are all of `names` among the columns of this header line?
bool csv_header_has(std::string_view header, std::initializer_list<std::string_view> names);

class CsvRow {
 public:
  // Finds `required` and then `optional` names in the header.  Error: one is missing or there twice.
  static Result<CsvRow> bind(std::string_view header, std::initializer_list<std::string_view> required,
                             std::initializer_list<std::string_view> optional = {});

  // Cuts a line up.  Bad: not as many columns as the header, or a quote that is not closed.
  BadRow split(std::string_view line);
  // Field `i`, counted over required and then optional names; empty where the file has no such column.  Views live
  // until the next split() or the end of the line's buffer.
  std::string_view field(std::size_t i) const { return fields_[i].text; }
  bool has(std::size_t i) const { return fields_[i].present; }
  // `bad` with the column of field `i` in it.
  BadRow at(std::size_t i, BadRow bad) const {
    bad.column = fields_[i].column;
    return bad;
  }

 private:
  struct Field {
    std::string_view text;
    std::size_t column = 0;
    bool present = false;
  };
  bool take_quoted(std::string_view line, std::size_t* pos, std::string_view* text);

  std::vector<int> slot_of_column_;  // Column of the file -> field, or -1.
  std::vector<Field> fields_;
  std::string unquoted_;  // Fields that had doubled quotes.
};

}  // namespace jevons
#endif  // JEVONS_TRACES_CSV_H_

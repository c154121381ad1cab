// A timetable as text: how many nodes each pool has at which time of day.
//
//   table    = entries | pool ":" entries, several separated by ";"        "chat: 00:00=4, 08:00=100%; code: 00:00=0.5"
//   entries  = HH:MM "=" amount, separated by ","; ascending; 24 hours wrap, so the last holds until the first
//   amount   = a share of the pool's max_nodes, with a point or a percent sign ("0.3", "1.0", "30%"), or whole "12"
// A table without a pool's name is for every pool that has none of its own.
#ifndef JEVONS_POLICIES_ALLOCATOR_TIMETABLE_H_
#define JEVONS_POLICIES_ALLOCATOR_TIMETABLE_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "base/units.h"

namespace jevons {

class Timetable {
 public:
  static constexpr std::string_view kFormat =
      "HH:MM=NODES or HH:MM=SHARE entries in ascending order, as in '00:00=0.3,08:00=1.0', or "
      "'POOL:00:00=4,08:00=16;...'";
  static constexpr Duration kDay = 24_h;

  struct Row {
    Duration at;  // Since midnight.
    bool share = false;
    double value = 0;  // 0 to 1, or whole nodes.
  };
  struct Table {
    std::string pool;  // Empty: every pool without a table of its own.
    std::vector<Row> rows;
  };

  static Result<Timetable> parse(std::string_view text) {
    Timetable timetable;
    while (!text.empty()) {
      auto table = parse_table(cut(&text, ';'));
      if (!table) return table.error();
      for (const Table& other : timetable.tables_) {
        if (other.pool == table->pool) return Error{"two timetables for pool '" + table->pool + "'", ""};
      }
      timetable.tables_.push_back(std::move(*table));
    }
    if (timetable.tables_.empty()) return Error{"the timetable is empty", ""};
    return timetable;
  }

  const std::vector<Table>& tables() const { return tables_; }

  // The table for `pool`; null if it has none.
  const Table* find(std::string_view pool) const {
    const Table* general = nullptr;
    for (const Table& table : tables_) {
      if (table.pool == pool && !pool.empty()) return &table;
      if (table.pool.empty()) general = &table;
    }
    return general;
  }

  // Nodes at a time of day in [0, 24 h), before the pool's bounds.
  static std::int64_t nodes_at(const Table& table, Duration time_of_day, std::int32_t max_nodes) {
    const Row* row = &table.rows.back();  // Of the day before.
    for (const Row& r : table.rows) {
      if (r.at <= time_of_day) row = &r;
    }
    // Rounded to nearest: 0.1 x 30 is a little above 3 in binary.
    return std::llround(row->share ? row->value * max_nodes : row->value);
  }

 private:
  // Cuts and returns the text up to `separator`, without blanks around it.
  static std::string_view cut(std::string_view* text, char separator) {
    const std::size_t at = text->find(separator);
    const std::string_view piece = trim(text->substr(0, at));
    *text = at == std::string_view::npos ? std::string_view() : text->substr(at + 1);
    return piece;
  }
  static std::string_view trim(std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  }

  static Result<Table> parse_table(std::string_view text) {
    Table table;
    // A time has one colon before its "="; a pool's name adds another.
    const std::string_view first = text.substr(0, text.find('='));
    const std::size_t last_colon = first.rfind(':');
    const std::size_t name_colon = last_colon == std::string_view::npos || last_colon == 0
                                       ? std::string_view::npos
                                       : first.rfind(':', last_colon - 1);
    if (name_colon != std::string_view::npos) {
      table.pool = std::string(trim(text.substr(0, name_colon)));
      if (table.pool.empty()) return Error{"a pool's name is empty", ""};
      text = text.substr(name_colon + 1);
    }
    if (trim(text).empty()) return Error{"a timetable without entries", ""};
    while (!text.empty()) {
      const std::string_view piece = cut(&text, ',');
      auto row = parse_row(piece);
      if (!row) return row.error();
      if (!table.rows.empty() && row->at <= table.rows.back().at) {
        return Error{"times must ascend, '" + std::string(piece) + "' does not", ""};
      }
      table.rows.push_back(*row);
    }
    return table;
  }

  static Result<Row> parse_row(std::string_view text) {
    const Error bad{"expected HH:MM=NODES or HH:MM=SHARE, got '" + std::string(text) + "'", ""};
    std::string_view amount = text;
    const std::string_view time = cut(&amount, '=');
    amount = trim(amount);
    if (time.size() != 5 || time[2] != ':' || amount.empty()) return bad;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (const std::size_t i : {0, 1, 3, 4}) {
      if (!digit(time[i])) return bad;
    }
    const std::int64_t hour = (time[0] - '0') * 10 + (time[1] - '0'), minute = (time[3] - '0') * 10 + (time[4] - '0');
    if (hour > 23 || minute > 59) return bad;
    Row row;
    row.at = hour * 1_h + minute * 1_min;
    const bool percent = amount.back() == '%';
    if (percent) amount.remove_suffix(1);
    row.share = percent || amount.find('.') != std::string_view::npos;
    const auto value = parse_double(amount);
    if (!value || *value < 0) return bad;
    row.value = percent ? *value / 100 : *value;
    if (row.share ? row.value > 1 : (row.value != std::floor(row.value) || row.value > 1e9)) return bad;
    return row;
  }

  std::vector<Table> tables_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ALLOCATOR_TIMETABLE_H_

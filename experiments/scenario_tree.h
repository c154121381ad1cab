// The text of a YAML or JSON file as a tree of values that remember where they stand.
//
// yaml-cpp's own node tree forgets the place of keys, keeps duplicate keys and expands aliases without limit; this one
// is built from its events, with limits: a tree has at most kMaxTreeDepth levels, kMaxTreeValues values and
// kMaxTreeBytes of text, aliases expanded.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_TREE_H_
#define JEVONS_EXPERIMENTS_SCENARIO_TREE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace jevons {

inline constexpr int kMaxTreeDepth = 64;
inline constexpr std::size_t kMaxTreeValues = 200'000;
inline constexpr std::size_t kMaxTreeBytes = 64u << 20;  // Of text, aliases expanded.

// 1-based; line 0 = nowhere.
struct TextPlace {
  int line = 0;
  int column = 0;
};

struct TextTree {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  bool quoted = false;  // A scalar written in quotes (or as a block): never a number or a truth value.
  std::string text;     // Of a scalar.
  std::vector<TextTree> items;
  std::vector<Entry> entries;  // In the order of the file; no two keys alike.
  TextPlace place;
};

struct TextTree::Entry {
  std::string key;
  TextPlace place;  // Of the key.
  TextTree value;
};

// `text` is one YAML document.  `where` of an error is "file:line:column".
Result<TextTree> parse_yaml_tree(std::string_view text, const std::string& file_name);

// `text` is strict JSON (RFC 8259).
Result<TextTree> parse_json_tree(std::string_view text, const std::string& file_name);

// "file:line:column", or the file alone where the line is not known.
std::string place_text(const std::string& file_name, TextPlace place);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_TREE_H_

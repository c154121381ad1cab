// Builds a TextTree from yaml-cpp's events.
//
// JSON is checked by a strict JSON parser first and then read as YAML, of which it is a subset: one builder, and the
// places that JSON parsers do not tell.
#include "experiments/scenario_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

namespace jevons {
namespace {

using Kind = TextTree::Kind;

// Leaves yaml-cpp's parser from inside an event; caught in this file.
struct Refused {
  std::string message;
  TextPlace place;
};

TextPlace place_of(const YAML::Mark& mark) {
  if (mark.line < 0) return {};
  return {mark.line + 1, mark.column + 1};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(Kind::kNull, mark, anchor, "", false); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchored_.find(anchor);
    if (it == anchored_.end()) throw Refused{"an alias inside the value it stands for", place_of(mark)};
    TextTree copy = it->second;
    count(copy, place_of(mark), static_cast<int>(open_.size()));
    finish(std::move(copy), YAML::NullAnchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(tag, mark);
    leaf(Kind::kScalar, mark, anchor, value, tag == "!");
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  std::optional<TextTree> take() { return std::move(root_); }

 private:
  struct Open {
    TextTree tree;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::map<std::string, int> lines;  // Keys so far.
    bool has_key = false;              // A key waits for its value.
  };

  static void check_tag(const std::string& tag, const YAML::Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refused{"YAML tag '" + tag + "' (tags are not used here)", place_of(mark)};
  }

  void count_one(TextPlace place, int depth, std::size_t bytes) {
    if ((bytes_ += bytes) > kMaxTreeBytes) throw Refused{"more than 64 MiB of text (aliases expanded)", place};
    if (++values_ > kMaxTreeValues) {
      throw Refused{"more than " + std::to_string(kMaxTreeValues) + " values (aliases expanded)", place};
    }
    if (depth > kMaxTreeDepth) throw Refused{"nested deeper than " + std::to_string(kMaxTreeDepth) + " levels", place};
  }
  void count(const TextTree& tree, TextPlace place, int depth) {
    count_one(place, depth, tree.text.size());
    for (const TextTree& t : tree.items) count(t, place, depth + 1);
    for (const TextTree::Entry& e : tree.entries) {
      bytes_ += e.key.size();
      count(e.value, place, depth + 1);
    }
  }

  void leaf(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text, bool quoted) {
    count_one(place_of(mark), static_cast<int>(open_.size()), text.size());
    TextTree tree;
    tree.kind = kind;
    tree.text = text;
    tree.quoted = quoted;
    tree.place = place_of(mark);
    finish(std::move(tree), anchor, mark);
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, mark);
    count_one(place_of(mark), static_cast<int>(open_.size()) + 1, 0);
    Open o;
    o.tree.kind = kind;
    o.tree.place = place_of(mark);
    o.anchor = anchor;
    open_.push_back(std::move(o));
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.tree), done.anchor, YAML::Mark());
  }

  // Hands a complete value to the list, map or document it stands in.
  void finish(TextTree tree, YAML::anchor_t anchor, const YAML::Mark&) {
    if (anchor != YAML::NullAnchor) {
      // What an anchor holds is memory too, although nobody may ever use it.
      count(tree, tree.place, 0);
      anchored_[anchor] = tree;
    }
    if (open_.empty()) {
      root_ = std::move(tree);
      return;
    }
    Open& parent = open_.back();
    if (parent.tree.kind == Kind::kList) {
      parent.tree.items.push_back(std::move(tree));
    } else if (parent.has_key) {
      parent.tree.entries.back().value = std::move(tree);
      parent.has_key = false;
    } else {
      add_key(&parent, std::move(tree));
    }
  }

  static void add_key(Open* parent, TextTree tree) {
    if (tree.kind != Kind::kScalar) throw Refused{"expected a name as key of a map", tree.place};
    const auto [it, fresh] = parent->lines.emplace(tree.text, tree.place.line);
    if (!fresh) {
      throw Refused{"duplicate key '" + tree.text + "' (first on line " + std::to_string(it->second) + ")", tree.place};
    }
    parent->tree.entries.push_back({std::move(tree.text), tree.place, {}});
    parent->has_key = true;
  }

  std::vector<Open> open_;
  std::map<YAML::anchor_t, TextTree> anchored_;
  std::optional<TextTree> root_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

std::string place_text(const std::string& file_name, TextPlace place) {
  if (place.line <= 0) return file_name;
  return file_name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Result<TextTree> parse_yaml_tree(std::string_view text, const std::string& file_name) {
  TreeBuilder builder;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    const bool any = parser.HandleNextDocument(builder);
    std::optional<TextTree> root = builder.take();
    if (!any || !root) return Error{"the file is empty (expected a scenario)", file_name};
    TreeBuilder rest;
    if (parser.HandleNextDocument(rest)) return Error{"more than one YAML document in the file", file_name};
    return *std::move(root);
  } catch (const Refused& r) {
    return Error{r.message, place_text(file_name, r.place)};
  } catch (const YAML::Exception& e) {
    return Error{"not valid YAML: " + e.msg, place_text(file_name, place_of(e.mark))};
  }
}

Result<TextTree> parse_json_tree(std::string_view text, const std::string& file_name) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Error{"the file is empty (expected a scenario)", file_name};
  }
  try {
    const auto nothing = nlohmann::json::parse(text, [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      // Nothing is kept: the parse is only a check.
      if (depth > kMaxTreeDepth) throw Refused{"nested deeper than " + std::to_string(kMaxTreeDepth) + " levels", {}};
      return false;
    });
    (void)nothing;
  } catch (const Refused& r) {
    return Error{r.message, file_name};
  } catch (const nlohmann::json::parse_error& e) {
    const std::size_t end = std::min<std::size_t>(e.byte == 0 ? 0 : e.byte - 1, text.size());
    TextPlace place{1, 1};
    for (const char c : text.substr(0, end)) {
      place.line += c == '\n' ? 1 : 0;
      place.column = c == '\n' ? 1 : place.column + 1;
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT" -> WHAT.
    std::string what = e.what();
    if (const auto colon = what.find(": "); colon != std::string::npos) what = what.substr(colon + 2);
    return Error{"not valid JSON: " + what, place_text(file_name, place)};
  } catch (const nlohmann::json::exception& e) {
    return Error{std::string("not valid JSON: ") + e.what(), file_name};
  }
  return parse_yaml_tree(text, file_name);
}

}  // namespace jevons

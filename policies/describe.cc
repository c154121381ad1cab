// The catalogue of policies as text.
#include "policies/describe.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace jevons {
namespace {

constexpr std::size_t kColumns = 80;
// Of a policy that sees the future, so that nobody takes its figures for a result.
constexpr std::string_view kBound = "(bound) ";

struct Entry {
  std::string name, summary;
  const std::vector<ParamRow>* params;
  bool sees_future;
};
struct Kind {
  std::string name, question;
  std::vector<Entry> entries;
};

template <class Api>
Kind kind_of(const PolicyCatalogue<Api>& catalogue, std::string name, std::string question) {
  Kind kind{std::move(name), std::move(question), {}};
  for (const auto& [policy, entry] : catalogue.entries())
    kind.entries.push_back({policy, entry.summary, &entry.params, entry.sees_future});
  return kind;
}

std::vector<Kind> kinds_of(const Policies& p) {
  return {kind_of(p.routers, "router", "Which replica serves a request."),
          kind_of(p.batchers, "batcher", "What a replica computes in its next iteration."),
          kind_of(p.allocators, "allocator", "Which nodes serve and which train."),
          kind_of(p.training_queues, "training_queue", "Which waiting training job starts next."),
          kind_of(p.placements, "placement", "Which GPUs a training job gets."),
          kind_of(p.admissions, "admission", "Whether a pool takes a request."),
          kind_of(p.autoscalers, "autoscaler", "How many nodes a serving pool wants.")};
}

// `text` in lines of at most kColumns, the first after `lead`, the others indented by `indent` blanks.  A word longer
// than a line is cut.
std::string wrapped(const std::string& lead, std::size_t indent, std::string_view text) {
  std::string out = lead, line;
  std::size_t width = kColumns - std::min(lead.size(), kColumns / 2);
  const auto flush = [&] {
    out += line + "\n";
    line.clear();
    width = kColumns - indent;
  };
  bool first = true;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    std::string_view word = text.substr(0, blank);
    text = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
    while (!word.empty()) {
      if (!line.empty() && line.size() + 1 + word.size() > width) {
        if (!first) out += std::string(indent, ' ');
        flush();
        first = false;
      }
      const std::string_view part = word.substr(0, width);
      if (!line.empty()) line += ' ';
      line += part;
      word.remove_prefix(part.size());
    }
  }
  if (!first) out += std::string(indent, ' ');
  flush();
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string or_none(const std::string& text) { return text.empty() ? "(empty)" : text; }

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string summary_of(const Entry& entry) {
  return (entry.sees_future ? std::string(kBound) : std::string()) + entry.summary;
}

std::string entry_text(const Kind& kind, const Entry& entry) {
  std::string out = entry.name + " (" + kind.name + ")\n" + wrapped("  ", 2, summary_of(entry));
  if (entry.params->empty()) return out + "\n  No parameters.\n";
  out += "\n  Parameters\n";
  for (const ParamRow& row : *entry.params) {
    out += wrapped("    " + row.name + " = ", 8, or_none(row.fallback));
    out += wrapped("        ", 8, row.help);
    out += wrapped("        Allowed: ", 8, row.allowed + ".");
  }
  return out;
}

std::string entry_markdown(const Entry& entry) {
  std::string out = "### " + entry.name + "\n\n" + summary_of(entry) + "\n";
  if (entry.params->empty()) return out + "\nNo parameters.\n";
  out += "\n| parameter | default | allowed | meaning |\n|---|---|---|---|\n";
  for (const ParamRow& row : *entry.params) {
    out += "| `" + cell(row.name) + "` | `" + cell(or_none(row.fallback)) + "` | " + cell(row.allowed) + " | " +
           cell(row.help) + " |\n";
  }
  return out;
}

// The kinds that were asked for; all if `kind` is empty.
Result<std::vector<Kind>> selected(const Policies& policies, std::string_view kind) {
  std::vector<Kind> kinds = kinds_of(policies);
  if (kind.empty()) return kinds;
  for (Kind& k : kinds) {
    if (k.name == kind) return std::vector<Kind>{std::move(k)};
  }
  return Error{"unknown kind of policy '" + std::string(kind) + "'" + nearest_hint(kind, policy_kinds()), ""};
}

// What `render` makes of every policy called `name`, with an empty line between two.
template <class Render>
Result<std::string> each_named(const Policies& policies, std::string_view name, Render render) {
  std::string out;
  std::vector<std::string> known;
  for (const Kind& kind : kinds_of(policies)) {
    for (const Entry& entry : kind.entries) {
      known.push_back(entry.name);
      if (entry.name == name) out += (out.empty() ? "" : "\n") + render(kind, entry);
    }
  }
  if (out.empty()) return Error{"unknown policy '" + std::string(name) + "'" + nearest_hint(name, known), ""};
  return out;
}

}  // namespace

const std::vector<std::string>& policy_kinds() {
  static const std::vector<std::string> kinds{"router",    "batcher",   "allocator", "training_queue",
                                              "placement", "admission", "autoscaler"};
  return kinds;
}

Result<std::string> list_policies(const Policies& policies, std::string_view kind) {
  const auto kinds = selected(policies, kind);
  if (!kinds) return kinds.error();
  std::size_t width = 0;
  for (const Kind& k : *kinds) {
    for (const Entry& entry : k.entries) width = std::max(width, std::min<std::size_t>(entry.name.size(), 24));
  }
  std::string out;
  for (const Kind& k : *kinds) {
    if (!out.empty()) out += "\n";
    out += wrapped(k.name + ": ", 2, k.question);
    for (const Entry& entry : k.entries) {
      out += wrapped("  " + padded(entry.name, width) + "  ", width + 4, summary_of(entry));
    }
  }
  return out;
}

Result<std::string> describe_policy(const Policies& policies, std::string_view name) {
  return each_named(policies, name, entry_text);
}

Result<std::string> policies_markdown(const Policies& policies, std::string_view kind) {
  const auto kinds = selected(policies, kind);
  if (!kinds) return kinds.error();
  std::string out =
      "# Policies\n\n"
      "Written by `jevons policies --markdown` from the declarations in `policies/`; do not edit.\n";
  for (const Kind& k : *kinds) {
    out += "\n## " + k.name + "\n\n" + k.question + "\n";
    for (const Entry& entry : k.entries) out += "\n" + entry_markdown(entry);
  }
  return out;
}

Result<std::string> policy_markdown(const Policies& policies, std::string_view name) {
  return each_named(policies, name, [](const Kind&, const Entry& entry) { return entry_markdown(entry); });
}

}  // namespace jevons

// Reads a scenario file: limits on what is read at all, and the choice of format.
#include "experiments/scenario_load.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/text.h"

namespace jevons {
namespace {

// Length of the UTF-8 sequence that starts at text[i]; 0 if it is not one (RFC 3629, no surrogates, nothing overlong).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  const auto follows = [&](std::size_t k, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(k) >= low && byte(k) <= high;
  };
  const unsigned b = byte(i);
  if (b < 0x80) return b == 0 ? 0 : 1;
  if (b >= 0xC2 && b <= 0xDF) return follows(i + 1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    const unsigned low = b == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = b == 0xED ? 0x9F : 0xBF;
    return follows(i + 1, low, high) && follows(i + 2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    const unsigned low = b == 0xF0 ? 0x90 : 0x80;
    const unsigned high = b == 0xF4 ? 0x8F : 0xBF;
    return follows(i + 1, low, high) && follows(i + 2) && follows(i + 3) ? 4 : 0;
  }
  return 0;
}

Status check_utf8(const std::string& path, std::string_view text) {
  TextPlace place{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = utf8_length(text, i);
    if (n == 0) return Error{"not UTF-8 text", place_text(path, place)};
    place.column = text[i] == '\n' ? 1 : place.column + 1;
    place.line += text[i] == '\n' ? 1 : 0;
    i += n;
  }
  return Ok{};
}

}  // namespace

Result<std::string> read_scenario_text(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (status.type() == std::filesystem::file_type::not_found) return Error{"no such file", path};
  if (code) return Error{"cannot be read: " + code.message(), path};
  if (status.type() == std::filesystem::file_type::directory)
    return Error{"is a folder (expected a scenario file)", path};
  if (status.type() != std::filesystem::file_type::regular)
    return Error{"not a regular file (expected a scenario file)", path};
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{"cannot be opened for reading", path};
  std::string text(kMaxScenarioBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return Error{"cannot be read", path};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxScenarioBytes) return Error{"larger than 16 MiB (expected a scenario file)", path};
  text.shrink_to_fit();
  return text;
}

Result<ScenarioFile> parse_scenario(const std::string& path, std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);  // Byte order mark, as Windows editors write it.
  if (Status s = check_utf8(path, text); !s) return s.error();
  ScenarioFile file{path, FieldPlaces(path), {}};
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".txtpb" || extension == ".textproto" || extension == ".pbtxt") {
    if (Status s = fill_from_text_format(text, &file.message, &file.places); !s) return s.error();
    return file;
  }
  if (extension != ".yaml" && extension != ".yml" && extension != ".json") {
    return Error{
        "unknown kind of scenario file (expected the extension .yaml, .yml, .json, .txtpb, .textproto or .pbtxt)",
        path};
  }
  const auto tree = extension == ".json" ? parse_json_tree(text, path) : parse_yaml_tree(text, path);
  if (!tree) return tree.error();
  file.places.set("", tree->place);
  if (Status s = fill_from_tree(*tree, "", &file.message, &file.places); !s) return s.error();
  return file;
}

}  // namespace jevons

// The objects of one JSON array, one at a time, from a file of any length.
//
// Only the outline is checked here: an array of objects with commas between, brackets that match, nothing behind it.
// What an object says is for a JSON parser.  Memory: one object, of at most kMaxObject bytes; one pass over the bytes.
#ifndef JEVONS_TRACES_JSON_ARRAY_H_
#define JEVONS_TRACES_JSON_ARRAY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace jevons {

// Does the text begin as a JSON array does?
bool begins_json_array(std::string_view head);

class JsonArrayReader {
 public:
  static constexpr std::size_t kMaxObject = std::size_t{16} << 20;
  static constexpr std::size_t kMaxDepth = 64;  // Brackets within brackets, of one object.

  explicit JsonArrayReader(FileReader file);

  // The next object with LineReader::kSlack readable bytes behind it, or false behind the array.  The view lives until
  // the next call.
  Result<bool> next(std::string_view* object);
  std::uint64_t number() const { return first_line_; }  // The line on which the object last given begins, from 1.
  std::string where() const;                            // "path:12", that line.
  std::string where(std::size_t byte) const;            // "path:14:7", where this byte of the object is; from 1.

 private:
  enum class Place { kFile, kArray, kBetween };  // Before the array; at its start; behind an object.

  Status refill();
  Result<bool> skip_blanks();  // To the next byte that is none; false at the end of the file.
  Result<std::size_t> scan();  // The length of the object that begins here.
  Status end_of_file();
  Error error(const std::string& message) const;  // At the byte `begin_`.
  void pass(std::size_t bytes);                   // Counts lines.

  FileReader file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // What is read and not yet given.
  std::size_t given_ = 0;            // Length of the object last given, which lies before `begin_`.
  std::uint64_t line_ = 1, first_line_ = 1;
  std::size_t column_ = 1, first_column_ = 1;  // Of `begin_`, and of the object last given.
  Place place_ = Place::kFile;
  bool at_end_ = false;
};

}  // namespace jevons
#endif  // JEVONS_TRACES_JSON_ARRAY_H_

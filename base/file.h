// The one door to the disk: reading with decompression, lines, and files that appear whole or not at all.
//
// Every error names the file.  A compressed file is recognised by its first bytes, not its name; a compressed stream
// that ends early or is damaged is an error, never a short read.  Several gzip members, zstd frames or xz streams one
// after the other read as one.  Nothing here is thread-safe; nothing prints.
#ifndef JEVONS_BASE_FILE_H_
#define JEVONS_BASE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace jevons {

// Streams the (decompressed) bytes of a file.
class FileReader {
 public:
  // Errors: missing, unreadable, a directory, empty.
  static Result<FileReader> open(const std::string& path);

  FileReader(FileReader&&) noexcept;
  FileReader& operator=(FileReader&&) noexcept;
  ~FileReader();

  // Copies up to `n` bytes to `out`; fewer than `n` only before the end, 0 at the end.
  Result<std::size_t> read(char* out, std::size_t n);
  // Up to `n` bytes from the front, which a later read() or peek() gives again; fewer than `n` only if the file is
  // shorter. The view lives until the next call.
  Result<std::string_view> peek(std::size_t n);

  const std::string& path() const;
  bool compressed() const;

 private:
  struct Impl;
  explicit FileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Lines of a text file.  "\n" and "\r\n" end a line, the last line needs no end, and a UTF-8 byte order mark is
// skipped.
class LineReader {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{64}
                                          << 20;  // Bytes; a longer line is an error, not a full memory.
  static constexpr std::size_t kSlack = 64;       // Readable bytes behind every line, for SIMD parsers.

  explicit LineReader(FileReader file);

  // The next line without its end, or false at the end of the file.  The view lives until the next call.
  Result<bool> next(std::string_view* line);
  std::uint64_t number() const { return number_; }  // Of the line last given, from 1.
  std::string where() const;                        // "path:12"
  std::string where(std::size_t column) const;      // "path:12:7"; columns are bytes, from 1.
  const std::string& path() const { return file_.path(); }

 private:
  Status refill();
  FileReader file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t number_ = 0;
  bool at_end_ = false;
};

// A file that gets its name only when it is complete.  Writes go to a temporary file in the same folder; commit() makes
// them durable and renames; without commit() nothing is left.  A target that is not a regular file (/dev/null, a pipe)
// is written directly.  Compressed when the name ends in .gz, .zst or .xz.
//
// After an error every further call gives that error again.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  Status write(std::string_view bytes);
  // Flushes and closes: on a disk that is full it is this that fails, and of several files that belong together none
  // has its name yet.  Call it once; nothing may be written afterwards.
  Status seal();
  // Seals, if that is still to do, and renames.  Call it once.
  Status commit();
  const std::string& path() const;

 private:
  struct Impl;
  explicit AtomicFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A whole file in memory; a file of more than `limit` (after decompression) is an error.
Result<std::string> read_whole_file(const std::string& path, Bytes limit = Bytes{std::int64_t{64} << 20});
// AtomicFile in one call.
Status write_whole_file(const std::string& path, std::string_view bytes);

}  // namespace jevons
#endif  // JEVONS_BASE_FILE_H_

// base/file.h: what is read is whole or an error, what is written is whole or absent.
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/traces/support.h"

namespace jevons::test {
namespace {

std::string counting(int n) {
  std::string text;
  for (std::int64_t i = 0; i < n; ++i) text += std::to_string(i * 7919 % 10007) + "\n";  // Past 2^31 for large n.
  return text;
}

// The bytes of a file, or the error.
std::string slurp(const std::string& path) {
  auto text = read_whole_file(path, Bytes{1 << 28});
  return text ? *text : "error: " + text.error().text();
}

TEST(FileReader, ReadsWhatAtomicFileWroteInEveryPacking) {
  const Folder folder;
  const std::string text = counting(200'000);
  for (const std::string name : {"a", "a.gz", "a.zst", "a.xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file(name), text).ok()) << name;
    EXPECT_EQ(slurp(folder.file(name)), text) << name;
  }
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a", "a.gz", "a.xz", "a.zst"}));
  EXPECT_LT(bytes_of(folder.file("a.gz")).size(), text.size() / 2);
  // The packing is known by content, not by name.
  std::filesystem::copy(folder.file("a.gz"), folder.file("b.zst"));
  EXPECT_EQ(slurp(folder.file("b.zst")), text);
}

TEST(FileReader, ReadsMembersAndFramesOneAfterTheOther) {
  const Folder folder;
  const std::string one = counting(30'000), two = counting(70'000);
  for (const std::string end : {".gz", ".zst", ".xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file("1" + end), one).ok());
    ASSERT_TRUE(write_whole_file(folder.file("2" + end), two).ok());
    folder.write("both" + end, bytes_of(folder.file("1" + end)) + bytes_of(folder.file("2" + end)));
    EXPECT_EQ(slurp(folder.file("both" + end)), one + two) << end;
  }
}

TEST(FileReader, ReadsZstdAsTheCommandLineToolWritesIt) {
  if (std::system("zstd --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "skipped: no zstd";
  const Folder folder;
  const std::string text = counting(300'000);
  folder.write("a", text);
  for (const std::string flags : {"-1", "-19", "--no-check", "--content-size", "--long=24", "-T2"}) {
    ASSERT_EQ(std::system(("zstd -qf " + flags + " " + folder.file("a") + " -o " + folder.file("a.zst")).c_str()), 0);
    EXPECT_EQ(slurp(folder.file("a.zst")), text) << flags;
  }
  // Read from a pipe the tool knows no size, and a skippable frame may stand between frames.
  ASSERT_EQ(std::system(("cat " + folder.file("a") + " | zstd -q > " + folder.file("p.zst")).c_str()), 0);
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11), frame = bytes_of(folder.file("p.zst"));
  folder.write("s.zst", skippable + frame + skippable + frame);
  EXPECT_EQ(slurp(folder.file("s.zst")), text + text);
}

TEST(FileReader, ACompressedStreamCutAnywhereIsAnErrorAndNeverShort) {
  const Folder folder;
  for (const std::string end : {".gz", ".zst", ".xz"}) {
    for (const std::string& text : {counting(900), std::string(5000, 'x'), std::string("a")}) {
      ASSERT_TRUE(write_whole_file(folder.file("w" + end), text).ok());
      const std::string whole = bytes_of(folder.file("w" + end));
      const std::string twice = whole + whole;
      for (std::size_t n = 6; n < twice.size(); ++n) {
        const std::string got = slurp(folder.write("cut" + end, twice.substr(0, n)));
        if (n == whole.size()) {
          EXPECT_EQ(got, text) << end;
        } else {
          EXPECT_EQ(got.find("error: " + folder.file("cut" + end) + ": the "), 0U) << end << " " << n << " " << got;
          EXPECT_NE(got.find("damaged or ends early"), std::string::npos) << end << " " << n;
        }
      }
    }
  }
}

TEST(FileReader, ADamagedOrTrailedStreamIsAnError) {
  const Folder folder;
  for (const std::string end : {".gz", ".zst", ".xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file("w" + end), counting(5000)).ok());
    const std::string whole = bytes_of(folder.file("w" + end));
    EXPECT_EQ(slurp(folder.write("junk" + end, whole + "junk")).find("error: "), 0U) << end;
    EXPECT_EQ(slurp(folder.write("j" + end, whole + "j")).find("error: "), 0U) << end;
  }
  // gzip and xz always carry a checksum.
  for (const std::string end : {".gz", ".xz"}) {
    const std::string whole = bytes_of(folder.file("w" + end));
    for (std::size_t at = 20; at + 20 < whole.size(); at += 101) {
      std::string bad = whole;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      EXPECT_EQ(slurp(folder.write("bad" + end, bad)).find("error: "), 0U) << end << " " << at;
    }
  }
}

TEST(FileReader, SaysWhatIsWrongWithAPath) {
  const Folder folder;
  EXPECT_EQ(slurp(folder.file("none")), "error: " + folder.file("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(slurp("/"), "error: /: is a directory (expected a file)");
  EXPECT_EQ(slurp(""), "error: expected the name of a file, got none");
  EXPECT_EQ(slurp(folder.write("empty", "")), "error: " + folder.file("empty") + ": the file is empty");
  for (const std::string name : {"e.gz", "e.zst", "e.xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file(name), "").ok());
    EXPECT_EQ(slurp(folder.file(name)), "error: " + folder.file(name) + ": the file is empty");
  }
  if (::geteuid() != 0) {  // root may read anything.
    ::chmod(folder.write("locked", "x").c_str(), 0);
    EXPECT_EQ(slurp(folder.file("locked")), "error: " + folder.file("locked") + ": cannot open: Permission denied");
  }
  auto limited = read_whole_file(folder.write("big", std::string(100, 'x')), Bytes{99});
  ASSERT_FALSE(limited.ok());
  EXPECT_EQ(limited.error().message, "is larger than 99 bytes");
  EXPECT_TRUE(read_whole_file(folder.file("big"), Bytes{100}).ok());
}

TEST(FileReader, PeekTakesNothing) {
  const Folder folder;
  for (const std::string name : {"a", "a.gz", "a.zst", "a.xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file(name), "0123456789").ok());
    auto file = FileReader::open(folder.file(name));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(*file->peek(3), "012");
    EXPECT_EQ(*file->peek(100), "0123456789");
    char four[4];
    EXPECT_EQ(*file->read(four, 4), 4U);
    EXPECT_EQ(*file->peek(2), "45");
    char rest[100];
    EXPECT_EQ(*file->read(rest, 100), 6U);
    EXPECT_EQ(std::string(rest, 6), "456789");
    EXPECT_EQ(*file->read(rest, 100), 0U);
    EXPECT_EQ(*file->peek(1), "");
    EXPECT_EQ(file->compressed(), name != "a");
  }
}

std::vector<std::string> lines_of(const std::string& path) {
  auto file = FileReader::open(path);
  EXPECT_TRUE(file.ok());
  LineReader lines(*std::move(file));
  std::vector<std::string> all;
  for (std::string_view line;;) {
    auto more = lines.next(&line);
    if (!more) {
      all.push_back("error: " + more.error().text());
      return all;
    }
    if (!*more) return all;
    all.emplace_back(line);
    EXPECT_EQ(lines.number(), all.size());
  }
}

TEST(LineReader, KnowsEveryLineEnd) {
  const Folder folder;
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of(folder.write("a", "one\ntwo\n")), (Lines{"one", "two"}));
  EXPECT_EQ(lines_of(folder.write("a", "one\r\ntwo")), (Lines{"one", "two"}));
  EXPECT_EQ(lines_of(folder.write("a", "\n\r\nx\n\n")), (Lines{"", "", "x", ""}));
  EXPECT_EQ(lines_of(folder.write("a", "\xef\xbb\xbfhead\nx")), (Lines{"head", "x"}));
  EXPECT_EQ(lines_of(folder.write("a", "head\n\xef\xbb\xbfx")), (Lines{"head", "\xef\xbb\xbfx"}));
}

TEST(LineReader, LinesOfEverySizeAroundItsBuffer) {
  const Folder folder;
  for (const std::size_t n : {std::size_t{262143}, std::size_t{262144}, std::size_t{262145}, std::size_t{262207},
                              std::size_t{262208}, std::size_t{1'000'000}, std::size_t{5'000'000}}) {
    const std::string a(n, 'a'), b(n + 1, 'b');
    EXPECT_EQ(lines_of(folder.write("a", a + "\n" + b + "\nend")), (std::vector<std::string>{a, b, "end"})) << n;
  }
}

TEST(LineReader, ALineWithoutEndIsAnErrorAndNotAFullMemory) {
  auto file = FileReader::open("/dev/zero");
  ASSERT_TRUE(file.ok());
  LineReader lines(*std::move(file));
  std::string_view line;
  auto more = lines.next(&line);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().text(), "/dev/zero:1: line is longer than 64 MiB (expected a text file with line ends)");
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  const Folder folder;
  folder.write("old", "old");
  for (const std::string name : {"new", "old", "new.gz", "new.zst", "new.xz"}) {
    auto file = AtomicFile::create(folder.file(name));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write(counting(100'000)).ok());
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"old"});
  EXPECT_EQ(bytes_of(folder.file("old")), "old");
  ASSERT_TRUE(write_whole_file(folder.file("old"), "new").ok());
  EXPECT_EQ(bytes_of(folder.file("old")), "new");
}

TEST(AtomicFile, ADiskThatIsFullIsAnErrorThatNamesTheFile) {
  const Status s = write_whole_file("/dev/full", "x");
  ASSERT_FALSE(s.ok());
  EXPECT_EQ(s.error().text(), "/dev/full: cannot write: No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));  // Not replaced.
  EXPECT_TRUE(write_whole_file("/dev/null", "x").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(AtomicFile, FileSizeLimitOfEveryLengthLeavesNothingAndDoesNotKill) {
  const Folder folder;
  const std::string text = counting(20'000);
  for (const std::string end : {"", ".gz", ".zst", ".xz"}) {
    ASSERT_TRUE(write_whole_file(folder.file("probe" + end), text).ok());
    const auto size = static_cast<rlim_t>(bytes_of(folder.file("probe" + end)).size());
    std::filesystem::remove(folder.file("probe" + end));
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto with_limit = [&](rlim_t limit) {
      rlimit now = before;
      now.rlim_cur = limit;
      setrlimit(RLIMIT_FSIZE, &now);
      const Status s = write_whole_file(folder.file("out" + end), text);
      setrlimit(RLIMIT_FSIZE, &before);
      return s;
    };
    for (rlim_t limit = 0; limit < size; limit += 1 + size / 53) {
      const Status s = with_limit(limit);
      ASSERT_FALSE(s.ok()) << end << limit;
      EXPECT_EQ(s.error().text(), folder.file("out" + end) + ": cannot write: File too large");
      EXPECT_TRUE(folder.names().empty());
    }
    EXPECT_FALSE(with_limit(size - 1).ok());
    EXPECT_TRUE(with_limit(size).ok());
    EXPECT_EQ(slurp(folder.file("out" + end)), text);
    std::filesystem::remove(folder.file("out" + end));
  }
}

TEST(AtomicFile, SaysWhatIsWrongWithAPath) {
  const Folder folder;
  EXPECT_EQ(write_whole_file("/", "x").error().text(), "/: is a directory (expected a file)");
  EXPECT_EQ(write_whole_file("", "x").error().text(), "expected the name of a file, got none");
  EXPECT_EQ(write_whole_file(folder.file("no/such"), "x").error().text(),
            folder.file("no/such") + ": cannot create: No such file or directory");
}

TEST(AtomicFile, ReplacesTheFileBehindALinkNotTheLink) {
  const Folder folder;
  folder.write("real", "old");
  std::filesystem::create_symlink("real", folder.file("link"));
  ::chmod(folder.file("real").c_str(), 0640);
  ASSERT_TRUE(write_whole_file(folder.file("link"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link")));
  EXPECT_EQ(bytes_of(folder.file("real")), "new");
  EXPECT_EQ(std::filesystem::status(folder.file("real")).permissions(), std::filesystem::perms{0640});
}

}  // namespace
}  // namespace jevons::test

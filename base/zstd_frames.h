// Follows the frame structure of a zstd stream (RFC 8878) without decompressing, to tell a whole stream from a cut one.
//
// Boost.Iostreams ends quietly where its zstd input ends, even in the middle of a frame; this is what notices.
#ifndef JEVONS_BASE_ZSTD_FRAMES_H_
#define JEVONS_BASE_ZSTD_FRAMES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace jevons {

class ZstdFrames {
 public:
  // The next `n` bytes of the compressed stream.
  void feed(const char* bytes, std::size_t n);
  // The stream may end here: it has ended a frame and begun no other.
  bool complete() const { return state_ == State::kMagic && have_ == 0 && frames_ > 0; }

 private:
  enum class State { kMagic, kSkipSize, kDescriptor, kHeader, kBlockHeader, kBlock, kChecksum, kBroken };
  void on_field();
  void expect(State state, std::uint64_t bytes);
  void end_block();

  State state_ = State::kMagic;
  std::uint64_t need_ = 4;  // Bytes of the present field, of which have_ were seen.
  std::uint64_t have_ = 0;
  std::array<unsigned char, 4> field_{};  // The first bytes of the present field.
  bool checksum_ = false, last_block_ = false, skipping_ = false;
  std::uint64_t frames_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_BASE_ZSTD_FRAMES_H_

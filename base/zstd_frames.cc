// The state machine over zstd fields; names as in RFC 8878, section 3.
#include "base/zstd_frames.h"

#include <algorithm>

namespace jevons {
namespace {
constexpr std::uint32_t kFrameMagic = 0xFD2FB528;      // RFC 8878, 3.1.1.
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;  // 3.1.2; the low four bits are free.
}  // namespace

void ZstdFrames::expect(State state, std::uint64_t bytes) {
  state_ = state;
  need_ = bytes;
  have_ = 0;
}

void ZstdFrames::feed(const char* bytes, std::size_t n) {
  while (n > 0 && state_ != State::kBroken) {
    const std::uint64_t take = std::min<std::uint64_t>(n, need_ - have_);
    for (std::uint64_t i = have_; i < have_ + take && i < field_.size(); ++i) {
      field_[i] = static_cast<unsigned char>(bytes[i - have_]);
    }
    have_ += take;
    bytes += take;
    n -= static_cast<std::size_t>(take);
    while (have_ == need_ && state_ != State::kBroken) on_field();  // Fields of no bytes end at once.
  }
}

void ZstdFrames::end_block() {
  if (!last_block_) {
    expect(State::kBlockHeader, 3);
  } else if (checksum_) {
    expect(State::kChecksum, 4);
  } else {
    ++frames_;
    expect(State::kMagic, 4);
  }
}

void ZstdFrames::on_field() {
  const std::uint32_t word = field_[0] | static_cast<std::uint32_t>(field_[1]) << 8 |
                             static_cast<std::uint32_t>(field_[2]) << 16 | static_cast<std::uint32_t>(field_[3]) << 24;
  switch (state_) {
    case State::kMagic:
      if (word == kFrameMagic) return expect(State::kDescriptor, 1);
      if ((word & 0xFFFFFFF0U) == kSkippableMagic) return expect(State::kSkipSize, 4);
      return expect(State::kBroken, 1);
    case State::kSkipSize:
      skipping_ = true;
      return expect(State::kBlock, word);
    case State::kDescriptor: {
      const unsigned descriptor = field_[0];
      const bool single = (descriptor & 0x20U) != 0;
      constexpr std::array<std::uint64_t, 4> kDictionary{0, 1, 2, 4};
      constexpr std::array<std::uint64_t, 4> kContentSize{0, 2, 4, 8};
      const unsigned size_flag = descriptor >> 6U;
      checksum_ = (descriptor & 0x04U) != 0;
      return expect(State::kHeader, (single ? 0U : 1U) + kDictionary[descriptor & 3U] +
                                        (size_flag == 0 && single ? 1U : kContentSize[size_flag]));
    }
    case State::kHeader:
      return expect(State::kBlockHeader, 3);
    case State::kBlockHeader: {
      const std::uint32_t header = word & 0xFFFFFFU;
      last_block_ = (header & 1U) != 0;
      const bool run = ((header >> 1U) & 3U) == 1;  // One byte, repeated.
      return expect(State::kBlock, run ? 1 : header >> 3U);
    }
    case State::kBlock:
      if (!skipping_) return end_block();
      skipping_ = false;
      ++frames_;
      return expect(State::kMagic, 4);
    case State::kChecksum:
      ++frames_;
      return expect(State::kMagic, 4);
    case State::kBroken:
      return;
  }
}

}  // namespace jevons

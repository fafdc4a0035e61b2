#include "engine/key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace heddle {
namespace {

std::string sha256_of(std::string_view bytes) {
  return Hasher().add_raw(bytes.data(), bytes.size()).finish().hex();
}

// FIPS 180-4 examples, as in NIST's "SHA-256" example values.
TEST(Key, RawBytesGiveTheirSha256) {
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Key, RawBytesMayComeInPiecesOfAnySize) {
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes += char(i * 7 + i / 256);
  for (const size_t step : {1, 3, 63, 64, 1000, 1023, 1024, 1025, 4096}) {
    Hasher hasher;
    for (size_t at = 0; at < bytes.size(); at += step) {
      hasher.add_raw(bytes.data() + at, std::min(step, bytes.size() - at));
    }
    EXPECT_EQ(hasher.finish().hex(), sha256_of(bytes)) << step;
  }
}

TEST(Key, WherePiecesEndCounts) {
  EXPECT_NE(Hasher().add("ab").add("c").finish(), Hasher().add("a").add("bc").finish());
  EXPECT_NE(Hasher().add("abc").finish(), Hasher().add("abc").add("").finish());
  EXPECT_NE(Hasher().add("").finish(), Hasher().finish());
}

TEST(Key, TheTypeOfAPieceCounts) {
  const uint64_t number = 0x6867666564636261;
  const Key key = Hasher().add("k").finish();
  const std::string key_bytes(key.bytes.begin(), key.bytes.end());
  EXPECT_NE(Hasher().add("abcdefgh").finish(), Hasher().add_number(number).finish());
  EXPECT_NE(Hasher().add(key_bytes).finish(), Hasher().add(key).finish());
}

// What one sequence of pieces hashes is never what another one does, even if a text imitates
// frames.
TEST(Key, AllShortSequencesOfPiecesDiffer) {
  const std::vector<std::string> texts{
      "", "t", "n", "a", std::string(8, '\0'), std::string("t\0\0\0\0\0\0\0\0", 9)};
  std::vector<std::vector<std::string>> sequences{{}};
  for (size_t i = 0; i < sequences.size() && sequences[i].size() < 3; ++i) {
    for (const std::string& text : texts) {
      sequences.push_back(sequences[i]);
      sequences.back().push_back(text);
    }
  }
  std::set<Key> keys;
  Hasher hasher;
  for (const auto& sequence : sequences) {
    for (const std::string& text : sequence) hasher.add(text);
    keys.insert(hasher.finish());
  }
  EXPECT_EQ(keys.size(), sequences.size());
}

TEST(Key, AFinishedHasherStartsAnew) {
  Hasher hasher;
  const Key first = hasher.add("a").add_number(1).finish();
  EXPECT_EQ(hasher.add("a").add_number(1).finish(), first);
  EXPECT_NE(hasher.add("a").finish(), first);
}

TEST(Key, LongPiecesCount) {
  std::string text(100'000, 'x');
  const Key before = Hasher().add(text).finish();
  text[70'000] = 'y';
  EXPECT_NE(Hasher().add(text).finish(), before);
}

}  // namespace
}  // namespace heddle

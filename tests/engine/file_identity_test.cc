#include "engine/file_identity.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {

constexpr int64_t kMillisecond = 1'000'000, kSecond = 1'000 * kMillisecond;
constexpr int64_t kThen = 1'700'000'000 * kSecond;

bool settles_after(int64_t changed_ns, int64_t wait_ns) {
  const FileIdentity identity{.ctime_ns = changed_ns};
  return is_settled(identity, changed_ns + wait_ns);
}

TEST(FileIdentity, AFileSettlesOnceTheTickOfItsLastChangeIsOver) {
  const int64_t changed = kThen + 123'456'789;
  EXPECT_FALSE(settles_after(changed, 0));
  EXPECT_FALSE(settles_after(changed, 10 * kMillisecond));
  EXPECT_TRUE(settles_after(changed, 21 * kMillisecond));
}

TEST(FileIdentity, TimesInWholeSecondsHaveTicksOfTwo) {
  EXPECT_FALSE(settles_after(kThen, 21 * kMillisecond));
  EXPECT_FALSE(settles_after(kThen, 2 * kSecond));
  EXPECT_TRUE(settles_after(kThen, 2 * kSecond + 1));
}

TEST(FileIdentity, AChangeInTheFutureIsNotSettled) {
  EXPECT_FALSE(settles_after(kThen + 1, -kSecond));
}

TEST(FileIdentity, EveryPartOfItCounts) {
  struct stat status {};
  const FileIdentity first = identity_of(status);
  const auto differs = [&](auto change) {
    struct stat other = status;
    change(other);
    return identity_of(other) != first;
  };
  EXPECT_FALSE(differs([](struct stat& other) { other.st_atim.tv_nsec = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_dev = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_ino = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_size = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_mtim.tv_nsec = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_mtim.tv_sec = 1; }));
  EXPECT_TRUE(differs([](struct stat& other) { other.st_ctim.tv_nsec = 1; }));
}

}  // namespace
}  // namespace heddle

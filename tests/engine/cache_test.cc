#include "engine/cache.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/engine/cache_testing.h"

namespace heddle {
namespace {

using test::key_of;
using test::result_of;
using test::text_of;

class TwoTiers : public ::testing::Test {
 protected:
  Cache make() {
    return Cache(make_memory_store(1 << 20),
                 make_disk_store(folder_.path(), 1 << 20, test::text_readers()));
  }

  test::TempFolder folder_;
};

TEST_F(TwoTiers, AResultIsPutIntoBoth) {
  Cache cache = make();
  cache.put(key_of("a"), result_of("text"));
  EXPECT_TRUE(cache.memory()->contains(key_of("a")));
  EXPECT_TRUE(cache.disk()->contains(key_of("a")));
  EXPECT_EQ(cache.find(key_of("a")), Tier::kMemory);
  EXPECT_EQ(cache.find(key_of("b")), Tier::kNone);
  EXPECT_FALSE(cache.get(key_of("b")));
}

TEST_F(TwoTiers, WhatComesFromDiskIsKeptInMemory) {
  make().put(key_of("a"), result_of("text", 7));
  Cache cache = make();
  EXPECT_EQ(cache.find(key_of("a")), Tier::kDisk);
  EXPECT_EQ(cache.find(key_of("a")), Tier::kDisk);  // finding reads nothing
  const auto first = cache.get(key_of("a"));
  EXPECT_EQ(text_of(first), "text");
  EXPECT_EQ(first->seconds, 7);
  EXPECT_EQ(cache.find(key_of("a")), Tier::kMemory);
  EXPECT_EQ(cache.get(key_of("a"))->outputs, first->outputs);
}

TEST_F(TwoTiers, ValuesThatCannotBeWrittenStayInMemory) {
  Cache cache = make();
  cache.put(key_of("a"), {{std::make_shared<test::Unwritable>("network")}, 1});
  EXPECT_EQ(cache.find(key_of("a")), Tier::kMemory);
  EXPECT_EQ(make().find(key_of("a")), Tier::kNone);
}

TEST_F(TwoTiers, ErasingAndClearingReachBoth) {
  Cache cache = make();
  for (const char* name : {"a", "b"}) cache.put(key_of(name), result_of(name));
  cache.erase(key_of("a"));
  EXPECT_EQ(cache.find(key_of("a")), Tier::kNone);
  EXPECT_EQ(cache.find(key_of("b")), Tier::kMemory);
  cache.clear();
  EXPECT_EQ(cache.find(key_of("b")), Tier::kNone);
  EXPECT_EQ(make().find(key_of("b")), Tier::kNone);
}

TEST_F(TwoTiers, EitherMayBeMissing) {
  Cache memory(make_memory_store(1 << 20), nullptr);
  Cache disk(nullptr, make_disk_store(folder_.path(), 1 << 20, test::text_readers()));
  Cache none(nullptr, nullptr);
  for (Cache* cache : {&memory, &disk, &none}) {
    cache->put(key_of("a"), result_of("a"));
    EXPECT_EQ(text_of(cache->get(key_of("a"))), cache == &none ? "miss" : "a");
  }
  EXPECT_EQ(memory.find(key_of("a")), Tier::kMemory);
  EXPECT_EQ(disk.find(key_of("a")), Tier::kDisk);
  EXPECT_EQ(none.find(key_of("a")), Tier::kNone);
  for (Cache* cache : {&memory, &disk, &none}) {
    cache->erase(key_of("a"));
    cache->clear();
    EXPECT_FALSE(cache->get(key_of("a")));
  }
}

TEST(Value, WritingWhatCannotBeWrittenIsAnErrorThatNamesTheType) {
  struct Network final : Value {
    std::string_view type() const override { return "MODEL"; }
    size_t bytes() const override { return 0; }
  };
  std::ostringstream out;
  try {
    Network().write(out);
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "a MODEL cannot be written; ask can_write() first");
  }
}

}  // namespace
}  // namespace heddle

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "tests/engine/cache_testing.h"

namespace heddle {
namespace {

using test::key_of;
using test::result_of;
using test::text_of;

// Entries of 1 KB in all, so that bounds are round.
constexpr size_t kText = 1024 - 256;

class MemoryStore : public ::testing::Test {
 protected:
  void put(const std::string& name, double seconds = 1, size_t size = kText) {
    store_->put(key_of(name), result_of(std::string(size, name[0]), seconds));
  }
  void put_numbered(int first, int last) {
    for (int i = first; i <= last; ++i) put(std::to_string(i));
  }
  std::string get(const std::string& name) {
    return text_of(store_->get(key_of(name))).substr(0, 4);
  }
  std::string kept(const std::string& names) {
    std::string kept;
    for (const char name : names) {
      if (store_->contains(key_of(std::string(1, name)))) kept += name;
    }
    return kept;
  }
  void bound(uint64_t kilobytes) { store_ = make_memory_store(kilobytes << 10); }

  std::unique_ptr<ResultStore> store_ = make_memory_store(4 << 10);
};

TEST_F(MemoryStore, AHitGivesWhatWasPut) {
  const CachedResult result{
      {std::make_shared<test::Text>("one"), std::make_shared<test::Text>("two")}, 3};
  store_->put(key_of("a"), result);
  const auto hit = store_->get(key_of("a"));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->outputs, result.outputs);
  EXPECT_EQ(hit->seconds, 3);
  EXPECT_FALSE(store_->get(key_of("b")));
}

TEST_F(MemoryStore, BytesAreThoseOfTheValuesAndAFixedSumPerEntry) {
  put("a");
  put("b", 1, 100);
  EXPECT_EQ(store_->bytes(), 1024u + 100 + 256);
  EXPECT_EQ(store_->entries(), 2u);
  store_->erase(key_of("a"));
  EXPECT_EQ(store_->bytes(), 100u + 256);
  store_->erase(key_of("a"));
  EXPECT_EQ(store_->bytes(), 100u + 256);
  store_->clear();
  EXPECT_EQ(store_->bytes(), 0u);
  EXPECT_EQ(store_->entries(), 0u);
  EXPECT_EQ(kept("ab"), "");
}

TEST_F(MemoryStore, ReplacingAnEntryCountsItOnce) {
  put("a");
  store_->put(key_of("a"), result_of("new"));
  EXPECT_EQ(get("a"), "new");
  EXPECT_EQ(store_->bytes(), 3u + 256);
  EXPECT_EQ(store_->entries(), 1u);
}

TEST_F(MemoryStore, TheBoundIsNeverExceeded) {
  for (int i = 0; i < 500; ++i) {
    put(std::to_string(i), i % 7, size_t(i * 37 % 2000));
    ASSERT_LE(store_->bytes(), 4u << 10);
  }
  EXPECT_GT(store_->entries(), 1u);
}

TEST_F(MemoryStore, OfEqualCostTheLeastRecentlyUsedGoesFirst) {
  for (const char* name : {"a", "b", "c", "d"}) put(name);
  get("a");
  put("e");
  EXPECT_EQ(kept("abcde"), "acde");
  put("f");
  EXPECT_EQ(kept("abcdef"), "adef");
}

TEST_F(MemoryStore, WhatIsCheapToComputeGoesBeforeWhatIsDear) {
  put("a", 10);
  put("b", 1);
  put("c", 5);
  put("d", 7);
  put("e", 8);
  EXPECT_EQ(kept("abcde"), "acde");
  put("f", 9);
  EXPECT_EQ(kept("abcdef"), "adef");
}

TEST_F(MemoryStore, OfEqualCostTheLargestGoesFirst) {
  put("a", 1, 200);
  put("b", 1, 2000);
  put("c", 1, 300);
  put("d", 1);
  EXPECT_EQ(kept("abcd"), "acd");
}

TEST_F(MemoryStore, WhatWasDearAgesWhenItIsNotUsed) {
  put("a", 10);
  put_numbered(1, 12);
  EXPECT_EQ(kept("a"), "a");
  put_numbered(13, 42);
  EXPECT_EQ(kept("a"), "");
}

TEST_F(MemoryStore, UseKeepsAnEntryYoung) {
  put("a", 10);
  for (int i = 0; i < 200; ++i) {
    put(std::to_string(i));
    ASSERT_EQ(get("a"), "aaaa") << i;
  }
}

TEST_F(MemoryStore, LookingDoesNotCountAsUse) {
  for (const char* name : {"a", "b", "c", "d"}) put(name);
  EXPECT_EQ(kept("a"), "a");
  put("e");
  EXPECT_EQ(kept("abcde"), "bcde");
}

TEST_F(MemoryStore, MemoryInCommonCountsOnceForAsLongAsAnyEntryHoldsIt) {
  const SharedBytes checkpoint{std::make_shared<int>(), 2000};
  const auto put_lora = [&](const std::string& name) {
    store_->put(key_of(name), {{std::make_shared<test::Sharing>(100, checkpoint)}, 1});
  };
  put_lora("a");
  EXPECT_EQ(store_->bytes(), 2000u + 100 + 256);
  put_lora("b");
  put_lora("a");
  EXPECT_EQ(store_->bytes(), 2000u + 2 * (100 + 256));
  store_->erase(key_of("a"));
  EXPECT_EQ(store_->bytes(), 2000u + 100 + 256);
  store_->erase(key_of("b"));
  EXPECT_EQ(store_->bytes(), 0u);
}

TEST_F(MemoryStore, AnEntryThatSharesIsDeclinedOnlyIfAllOfItIsTooMuch) {
  const SharedBytes checkpoint{std::make_shared<int>(), 3000};
  for (const char name : std::string("abcd")) {
    store_->put(key_of(std::string(1, name)), {{std::make_shared<test::Sharing>(100, checkpoint)}, 1});
    ASSERT_LE(store_->bytes(), 4u << 10);
  }
  EXPECT_EQ(kept("abcd"), "bcd");
  store_->put(key_of("e"), {{std::make_shared<test::Sharing>(1500, checkpoint)}, 1});
  EXPECT_EQ(kept("abcde"), "bcd");
}

TEST_F(MemoryStore, WhatIsReadWhenItIsUsedCostsAtLeastItsReading) {
  bound(64);
  put("a", 0, 30 << 10);   // a network: its step took no time
  put("b", 1e-6, 30 << 10);
  get("a");
  put("c", 1e-6, 1 << 10);
  put("d", 1e-6, 30 << 10);
  EXPECT_EQ(kept("abcd"), "acd");
}

TEST_F(MemoryStore, AnEntryLargerThanTheBoundIsDeclinedAndEvictsNothing) {
  put("a");
  put("b", 100, 4 << 10);
  EXPECT_EQ(kept("ab"), "a");
}

TEST_F(MemoryStore, ABoundOfNothingKeepsNothing) {
  bound(0);
  store_->put(key_of("a"), {{}, 1});
  EXPECT_EQ(store_->entries(), 0u);
}

TEST_F(MemoryStore, SecondsThatAreNoNumberCountAsNone) {
  bound(3);
  put("a", std::numeric_limits<double>::quiet_NaN());
  put("b", -5);
  put("c", std::numeric_limits<double>::infinity());
  put("d");
  put("e");
  EXPECT_EQ(kept("abcde"), "cde");
}

TEST_F(MemoryStore, AValueInUseOutlivesItsEntry) {
  put("a");
  const auto held = store_->get(key_of("a"));
  store_->clear();
  EXPECT_EQ(text_of(held).size(), kText);
}

TEST_F(MemoryStore, ThreadsShareIt) {
  bound(64);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) {
        const std::string name = std::to_string((i * 31 + t * 17) % 200);
        const std::string text = text_of(store_->get(key_of(name)));
        if (text != "miss" && text != name) ++wrong;
        store_->put(key_of(name), result_of(name, i % 5));
        if (i % 100 == 0) store_->erase(key_of(name));
        if (store_->bytes() > 64u << 10) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace heddle

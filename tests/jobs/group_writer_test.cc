#include "engine/jobs/group_writer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>

namespace heddle {
namespace {

// A transaction over a line of text, which says what it was told.
class FakeTransactions final : public Transactions {
 public:
  void begin() override {
    if (begin_fails) throw std::runtime_error("busy");
    open_ = true;
    pending_ = "";
    trace += "begin ";
  }
  void commit() override {
    if (commits_to_fail > 0) {
      --commits_to_fail;
      throw std::runtime_error("disk full");
    }
    open_ = false;
    committed += pending_;
    trace += "commit ";
  }
  void roll_back() override {
    open_ = false;
    trace += "rollback ";
  }
  bool is_open() override { return open_; }
  int64_t changes() override { return changes_; }

  void put(char what) {
    ++changes_;
    pending_ += what;
  }
  void break_off() { open_ = false; }

  std::string trace, committed;
  bool begin_fails = false;
  int commits_to_fail = 0;

 private:
  std::string pending_;
  bool open_ = false;
  int64_t changes_ = 0;
};

class GroupWriterTest : public ::testing::Test {
 protected:
  // Holds the writer's thread in a callback, so that what is added meanwhile becomes one group.
  void hold() {
    writer_.add([] {}, [this](std::exception_ptr) {
      holding_.set_value();
      released_.get_future().wait();
    });
    holding_.get_future().wait();
    fake_.trace = "";
  }
  void release() {
    released_.set_value();
    writer_.flush();
    // flush() is a write of its own.
    const std::string own = "begin commit ";
    if (fake_.trace.ends_with(own) && fake_.trace != own) fake_.trace.erase(fake_.trace.size() - own.size());
  }
  void add(char what) { add(std::string(1, what), [this, what] { fake_.put(what); }); }
  void add(const std::string& name, GroupWriter::Apply apply) {
    writer_.add(std::move(apply), [this, name](std::exception_ptr failure) {
      told_ += name;
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        told_ += std::string("(") + error.what() + ")";
      }
      told_ += " ";
    });
  }

  FakeTransactions fake_;
  std::string told_;
  std::promise<void> holding_, released_;
  GroupWriter writer_{fake_};
};

TEST_F(GroupWriterTest, WritesThatWaitShareOneCommitAndAreToldInOrder) {
  hold();
  for (const char what : {'a', 'b', 'c'}) add(what);
  release();
  EXPECT_EQ(fake_.committed, "abc");
  EXPECT_EQ(told_, "a b c ");
  EXPECT_EQ(fake_.trace, "begin commit ");
}

TEST(GroupWriter, WhatHasTimeGoesWithTheNextThatHasNoneOrByItself) {
  FakeTransactions fake;
  GroupWriter writer(fake);
  const auto later = [&](char what, std::promise<void>* done) {
    writer.add([&fake, what] { fake.put(what); }, [done](std::exception_ptr) { if (done) done->set_value(); },
               GroupWriter::Hurry::kHasTime);
  };
  std::promise<void> alone;
  later('a', &alone);
  alone.get_future().wait();  // nothing else comes
  EXPECT_EQ(fake.committed, "a");
  fake.trace = "";
  later('b', nullptr);
  later('c', nullptr);
  writer.add([&fake] { fake.put('d'); }, {});
  writer.flush();
  EXPECT_EQ(fake.committed, "abcd");
}

TEST_F(GroupWriterTest, AWriteThatRefusesLeavesItsGroupAlone) {
  hold();
  add('a');
  add("x", [] { throw std::runtime_error("known already"); });
  add('b');
  release();
  EXPECT_EQ(fake_.committed, "ab");
  EXPECT_EQ(told_, "a x(known already) b ");
  EXPECT_EQ(fake_.trace, "begin commit ");
}

TEST_F(GroupWriterTest, AfterAWriteThatBrokeOffHalfWayTheOthersAreDoneSingly) {
  hold();
  add('a');
  add("x", [this] {
    fake_.put('x');
    throw std::runtime_error("half-way");
  });
  add('b');
  release();
  EXPECT_EQ(fake_.committed, "ab");
  EXPECT_EQ(told_, "a x(half-way) b ");
  EXPECT_THAT(fake_.trace, ::testing::StartsWith("begin rollback begin commit begin rollback begin commit "));
}

TEST_F(GroupWriterTest, AFailureThatEndsTheTransactionDoesNotPassForARefusal) {
  hold();
  add('a');
  add("x", [this] {
    fake_.break_off();
    throw std::runtime_error("I/O error");
  });
  add('b');
  release();
  EXPECT_EQ(fake_.committed, "ab");
  EXPECT_EQ(told_, "a x(I/O error) b ");
}

TEST_F(GroupWriterTest, ACommitThatFailsIsTriedAgainForEachAlone) {
  hold();
  add('a');
  add('b');
  fake_.commits_to_fail = 2;  // of the group, and of the first
  release();
  EXPECT_EQ(fake_.committed, "b");
  EXPECT_EQ(told_, "a(disk full) b ");
}

TEST_F(GroupWriterTest, WhenNoTransactionCanBeginAllFailAtOnceAndLaterOnesGoOn) {
  hold();
  add('a');
  add('b');
  fake_.begin_fails = true;
  release();
  EXPECT_EQ(told_, "a(busy) b(busy) ");
  fake_.begin_fails = false;
  add('c');
  writer_.flush();
  EXPECT_EQ(fake_.committed, "c");
}

TEST(GroupWriter, CarriesOutWhatWaitsBeforeItGoes) {
  FakeTransactions fake;
  std::atomic<int> told = 0;
  {
    GroupWriter writer(fake);
    for (int i = 0; i < 5000; ++i) {
      writer.add([&fake] { fake.put('a'); }, [&told](std::exception_ptr failure) { told += failure ? 0 : 1; });
    }
  }
  EXPECT_EQ(told, 5000);
  EXPECT_EQ(fake.committed.size(), 5000U);
}

}  // namespace
}  // namespace heddle

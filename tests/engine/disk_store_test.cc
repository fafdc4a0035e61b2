#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "tests/engine/cache_testing.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;
using test::key_of;
using test::logged;
using test::read_bytes;
using test::result_of;
using test::Text;
using test::text_of;
using test::write_bytes;

constexpr uint64_t kBlock = 4096;

class DiskStore : public ::testing::Test {
 protected:
  std::unique_ptr<ResultStore> open(uint64_t max_bytes = 1 << 30) {
    return make_disk_store(folder_.path(), max_bytes, test::text_readers());
  }
  fs::path entry(const std::string& name) const {
    const std::string hex = key_of(name).hex();
    return folder_.path() / "results" / hex.substr(0, 2) / (hex.substr(2) + ".bin");
  }
  // Every file below the folder but the lock.
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& item : fs::recursive_directory_iterator(folder_.path())) {
      if (item.is_regular_file() && item.path().filename() != "lock") files.push_back(item.path());
    }
    return files;
  }
  static std::string kept(ResultStore& store, const std::string& names) {
    std::string kept;
    for (const char name : names) {
      if (store.contains(key_of(std::string(1, name)))) kept += name;
    }
    return kept;
  }
  test::TempFolder folder_;
};

class WritesThenFails final : public Text {
 public:
  using Text::Text;
  void write(std::ostream& out) const override {
    Text::write(out);
    throw std::runtime_error("torn in two");
  }
};

class InPieces final : public Text {
 public:
  InPieces(std::string text, size_t piece) : Text(std::move(text)), piece_(piece) {}
  void write(std::ostream& out) const override {
    for (size_t at = 0; at < text().size(); at += piece_) {
      if (piece_ == 1) {
        out.put(text()[at]);
      } else {
        out << text().substr(at, piece_);
      }
    }
  }

 private:
  const size_t piece_;
};

// Does something in the middle of being written.
class Interrupted final : public Text {
 public:
  Interrupted(std::string text, std::function<void()> work)
      : Text(std::move(text)), work_(std::move(work)) {}
  void write(std::ostream& out) const override {
    out << text().substr(0, text().size() / 2);
    work_();
    out << text().substr(text().size() / 2);
  }

 private:
  std::function<void()> work_;
};

TEST_F(DiskStore, AnEntryOutlivesTheProcess) {
  const CachedResult result{
      {std::make_shared<Text>("one"), std::make_shared<Text>(""), std::make_shared<Text>("three")},
      12.5};
  open()->put(key_of("a"), result);
  const auto store = open();
  EXPECT_TRUE(store->contains(key_of("a")));
  const auto hit = store->get(key_of("a"));
  EXPECT_EQ(text_of(hit), "one||three");
  EXPECT_EQ(hit->seconds, 12.5);
  EXPECT_FALSE(store->contains(key_of("b")));
  EXPECT_FALSE(store->get(key_of("b")));
}

TEST_F(DiskStore, NotesComeBack) {
  CachedResult result = result_of("x");
  result.history = {std::make_shared<const StepNotes>(StepNotes{key_of("a"), "Word", {{"how", "loud"}}}),
                    std::make_shared<const StepNotes>(StepNotes{key_of("b"), "", Json::array()})};
  open()->put(key_of("b"), result);
  const auto hit = open()->get(key_of("b"));
  ASSERT_EQ(hit->history.size(), 2u);
  EXPECT_EQ(hit->history[0]->key, key_of("a"));
  EXPECT_EQ(hit->history[0]->node, "Word");
  EXPECT_EQ(hit->history[0]->notes, (Json{{"how", "loud"}}));
  EXPECT_EQ(hit->history[1]->key, key_of("b"));
}

TEST_F(DiskStore, AResultWithoutOutputsIsAHit) {
  const auto store = open();
  store->put(key_of("a"), {{}, 2});
  ASSERT_TRUE(store->get(key_of("a")));
  EXPECT_TRUE(store->get(key_of("a"))->outputs.empty());
}

TEST_F(DiskStore, LargeValuesComeBackWhole) {
  std::string text(5'000'001, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = char(i * 2654435761u >> 13);
  const auto store = open();
  store->put(key_of("a"), {{std::make_shared<Text>("small"), std::make_shared<Text>(text)}, 1});
  EXPECT_TRUE(text_of(store->get(key_of("a"))) == "small|" + text);
}

TEST_F(DiskStore, ValuesMayWriteInPiecesOfAnySize) {
  const auto store = open();
  for (const size_t piece : {1, 7, 1000, 65'535, 65'536, 65'537, 200'000}) {
    std::string text(300'000, ' ');
    for (size_t i = 0; i < text.size(); ++i) text[i] = char(i * 2654435761u >> 13);
    store->put(key_of("a"),
               {{std::make_shared<InPieces>(text, piece), std::make_shared<Text>("next")}, 1});
    EXPECT_TRUE(text_of(store->get(key_of("a"))) == text + "|next") << piece;
  }
}

TEST_F(DiskStore, TheSameResultGivesTheSameBytes) {
  const auto store = open();
  store->put(key_of("a"), result_of("text"));
  const std::string first = read_bytes(entry("a"));
  store->put(key_of("a"), result_of("text"));
  EXPECT_EQ(read_bytes(entry("a")), first);
}

TEST_F(DiskStore, OnlyResultsOfWhichEveryOutputCanBeWrittenAreKept) {
  const auto store = open();
  store->put(
      key_of("a"),
      {{std::make_shared<Text>("text"), std::make_shared<test::Unwritable>("network")}, 1});
  store->put(key_of("b"), {{std::make_shared<Text>("text"), nullptr}, 1});
  EXPECT_EQ(store->entries(), 0u);
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskStore, EntriesCountInWholeBlocks) {
  const auto store = open();
  store->put(key_of("a"), result_of("small"));
  store->put(key_of("b"), result_of(std::string(kBlock, 'x')));
  EXPECT_EQ(store->bytes(), 3 * kBlock);
  EXPECT_EQ(store->entries(), 2u);
  store->put(key_of("b"), result_of("small"));
  EXPECT_EQ(store->bytes(), 2 * kBlock);
  EXPECT_EQ(store->entries(), 2u);
  store->erase(key_of("a"));
  store->erase(key_of("a"));
  EXPECT_EQ(store->bytes(), kBlock);
  EXPECT_EQ(open()->entries(), 1u);
  store->clear();
  EXPECT_EQ(store->bytes(), 0u);
  EXPECT_EQ(store->entries(), 0u);
  EXPECT_TRUE(files().empty());
}

// --- The bound

TEST_F(DiskStore, TheLeastRecentlyUsedGoesFirst) {
  const auto store = open(3 * kBlock);
  for (const char* name : {"a", "b", "c"}) store->put(key_of(name), result_of(name));
  store->get(key_of("a"));
  EXPECT_TRUE(store->contains(key_of("b")));  // looking is no use
  store->put(key_of("d"), result_of("d"));
  EXPECT_EQ(kept(*store, "abcd"), "acd");
  store->put(key_of("e"), result_of("e"));
  EXPECT_EQ(kept(*store, "abcde"), "ade");
}

TEST_F(DiskStore, UsesAreRememberedAcrossProcesses) {
  for (const char* name : {"a", "b", "c"}) open(3 * kBlock)->put(key_of(name), result_of(name));
  open(3 * kBlock)->get(key_of("a"));
  open(3 * kBlock)->put(key_of("d"), result_of("d"));
  EXPECT_EQ(kept(*open(3 * kBlock), "abcd"), "acd");
}

TEST_F(DiskStore, TheBoundIsNeverExceeded) {
  const auto store = open(50 * kBlock);
  for (int i = 0; i < 300; ++i) {
    store->put(key_of(std::to_string(i)), result_of(std::string(size_t(i * 977 % 40'000), 'x')));
    uint64_t bytes = 0;
    for (const fs::path& file : files()) bytes += fs::file_size(file);
    ASSERT_LE(bytes, 50 * kBlock);
    ASSERT_EQ(text_of(store->get(key_of(std::to_string(i)))).size(), size_t(i * 977 % 40'000));
  }
}

TEST_F(DiskStore, WhatAnotherStorePutThereCountsToo) {
  const auto one = open(4 * kBlock), other = open(4 * kBlock);
  for (int i = 0; i < 20; ++i) {
    (i % 2 ? one : other)->put(key_of(std::to_string(i)), result_of("x"));
    ASSERT_LE(files().size(), 4u);
  }
}

TEST_F(DiskStore, ASmallerBoundHoldsFromTheStart) {
  for (const char* name : {"a", "b", "c"}) open()->put(key_of(name), result_of(name));
  open(kBlock);
  EXPECT_EQ(kept(*open(), "abc"), "c");
  open(0);
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskStore, ABoundOfNothingKeepsNothing) {
  const auto store = open(0);
  store->put(key_of("a"), {{}, 1});
  EXPECT_FALSE(store->contains(key_of("a")));
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskStore, AnEntryLargerThanTheBoundIsDeclinedAndEvictsNothing) {
  const auto store = open(3 * kBlock);
  store->put(key_of("a"), result_of("a"));
  const std::string log =
      logged([&] { store->put(key_of("b"), result_of(std::string(3 * kBlock, 'x'))); });
  EXPECT_NE(log.find("a result of more than 12288 bytes is not kept"), std::string::npos) << log;
  EXPECT_EQ(kept(*store, "ab"), "a");
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(DiskStore, EntriesThatTheLockFileDoesNotKnowAreCounted) {
  for (const char* name : {"a", "b", "c"}) open()->put(key_of(name), result_of(name));
  for (const std::string& damaged : {std::string(), std::string("x"), std::string(24, '\0')}) {
    write_bytes(folder_.path() / "results/lock", damaged);
    EXPECT_EQ(open()->bytes(), 3 * kBlock);
  }
  const auto store = open(3 * kBlock);
  fs::copy_file(entry("a"), entry("a").parent_path() / (std::string(62, '0') + ".bin"));
  store->put(key_of("d"), result_of("d"));
  EXPECT_EQ(files().size(), 3u);
}

// As after a power cut, which may bring an old total back.
TEST_F(DiskStore, AnOldTotalDoesNotLoosenTheBound) {
  const fs::path lock = folder_.path() / "results/lock";
  const auto put_into = [](ResultStore& store, const std::string& names) {
    for (const char name : names) store.put(key_of(std::string(1, name)), result_of("x"));
  };
  put_into(*open(), "a");
  const std::string old_total = read_bytes(lock);
  put_into(*open(), "bcd");
  write_bytes(lock, old_total);
  put_into(*open(4 * kBlock), "e");
  EXPECT_EQ(kept(*open(), "abcde"), "bcde");
}

// --- Damage

TEST_F(DiskStore, AFlippedBitAnywhereIsAMissAndTheEntryGoes) {
  const auto store = open();
  store->put(key_of("a"),
             {{std::make_shared<Text>("some text"), std::make_shared<Text>("more")}, 1});
  const std::string whole = read_bytes(entry("a"));
  const std::string log = logged([&] {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const int bit : {0, 3, 7}) {
        std::string damaged = whole;
        damaged[at] = char(damaged[at] ^ 1 << bit);
        write_bytes(entry("a"), damaged);
        ASSERT_FALSE(store->get(key_of("a"))) << "byte " << at << " bit " << bit;
        ASSERT_FALSE(fs::exists(entry("a")));
      }
    }
  });
  EXPECT_EQ(size_t(std::ranges::count(log, '\n')), 3 * whole.size());
  EXPECT_NE(log.find("is damaged and removed: its checksum is wrong"), std::string::npos) << log;
  write_bytes(entry("a"), whole);
  EXPECT_EQ(text_of(store->get(key_of("a"))), "some text|more");
}

TEST_F(DiskStore, ATruncatedOrLengthenedEntryIsAMiss) {
  const auto store = open();
  store->put(key_of("a"), result_of("some text"));
  const std::string whole = read_bytes(entry("a"));
  logged([&] {
    for (size_t size = 0; size < whole.size(); ++size) {
      write_bytes(entry("a"), whole.substr(0, size));
      ASSERT_FALSE(store->get(key_of("a"))) << size;
    }
    write_bytes(entry("a"), whole + whole);
    EXPECT_FALSE(store->get(key_of("a")));
    write_bytes(entry("a"), whole + '\0');
    EXPECT_FALSE(store->get(key_of("a")));
  });
  EXPECT_FALSE(fs::exists(entry("a")));
}

std::string with_checksum(std::string bytes) {
  XXH128_canonical_t checksum;
  XXH128_canonicalFromHash(&checksum, XXH3_128bits(bytes.data(), bytes.size()));
  return bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

// A checksum only finds accidents. What is forged may give other texts and seconds, nothing else.
TEST_F(DiskStore, AnEntryForgedWithARightChecksumIsParsedWithCare) {
  const auto store = open();
  store->put(key_of("a"),
             {{std::make_shared<Text>("some text"), std::make_shared<Text>("more")}, 1});
  const std::string whole = read_bytes(entry("a"));
  const std::string body = whole.substr(0, whole.size() - sizeof(XXH128_canonical_t));
  ASSERT_EQ(with_checksum(body), whole);
  const size_t texts = 8, table = texts + 13, seconds = table + 32;
  logged([&] {
    for (size_t at = 0; at < body.size(); ++at) {
      const bool may_hit = (at >= texts && at < table) || (at >= seconds && at < seconds + 8);
      for (const char byte : {'\0', '\1', '\5', '\x7f', '\xff'}) {
        std::string forged = body;
        forged[at] = byte;
        write_bytes(entry("a"), with_checksum(forged));
        const bool hit = store->get(key_of("a")).has_value();
        EXPECT_EQ(hit, may_hit || forged == body) << "byte " << at << " is " << int(byte);
      }
    }
  });
}

TEST_F(DiskStore, AnEntryOfAnotherKeyIsAMiss) {
  const auto store = open();
  store->put(key_of("a"), result_of("text of a"));
  fs::create_directories(entry("b").parent_path());
  fs::rename(entry("a"), entry("b"));
  const std::string log = logged([&] { EXPECT_FALSE(store->get(key_of("b"))); });
  EXPECT_NE(log.find("it belongs to another key"), std::string::npos) << log;
}

TEST_F(DiskStore, WhatIsNoFileIsAMiss) {
  const auto store = open();
  fs::create_directories(entry("a").parent_path());
  ASSERT_EQ(::mkfifo(entry("a").c_str(), 0600), 0);
  fs::create_directories(entry("b"));
  write_bytes(folder_.path() / "secret", "secret");
  fs::create_directories(entry("c").parent_path());
  fs::create_symlink(folder_.path() / "secret", entry("c"));
  logged([&] {
    for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(store->get(key_of(name))) << name;
    store->put(key_of("c"), result_of("c"));
  });
  EXPECT_EQ(text_of(store->get(key_of("c"))), "c");
  EXPECT_EQ(read_bytes(folder_.path() / "secret"), "secret");
}

TEST_F(DiskStore, AReaderThatFailsOrReadsLessThanWasWrittenIsAMiss) {
  const std::vector<ReadValue> bad{
      [](std::istream&) -> ValuePtr { throw std::runtime_error("damaged"); },
      [](std::istream&) -> ValuePtr { throw std::length_error("vector"); },
      [](std::istream&) -> ValuePtr { return nullptr; },
      [](std::istream&) -> ValuePtr { return std::make_shared<Text>("unread"); },
      [](std::istream& in) -> ValuePtr {
        return std::make_shared<test::Unwritable>(
            std::string(std::istreambuf_iterator<char>(in), {}));
      }};
  for (const ReadValue& reader : bad) {
    const ValueReaders readers{{"TEXT", reader}};
    const auto store = make_disk_store(folder_.path(), 1 << 30, readers);
    store->put(key_of("a"), result_of("text"));
    logged([&] { EXPECT_FALSE(store->get(key_of("a"))); });
    EXPECT_FALSE(store->contains(key_of("a")));
  }
  const ValueReaders none;
  open()->put(key_of("a"), result_of("text"));
  const std::string log = logged(
      [&] { EXPECT_FALSE(make_disk_store(folder_.path(), 1 << 30, none)->get(key_of("a"))); });
  EXPECT_NE(log.find("nothing here reads values of type TEXT"), std::string::npos) << log;
}

TEST_F(DiskStore, AWholeEntryThatReplacedADamagedOneStays) {
  const ValueReaders readers{{"TEXT", [&](std::istream&) -> ValuePtr {
                                open()->put(key_of("a"), result_of("whole"));
                                throw std::runtime_error("damaged");
                              }}};
  open()->put(key_of("a"), result_of("damaged"));
  logged(
      [&] { EXPECT_FALSE(make_disk_store(folder_.path(), 1 << 30, readers)->get(key_of("a"))); });
  EXPECT_EQ(text_of(open()->get(key_of("a"))), "whole");
}

// --- Writing that fails

TEST_F(DiskStore, AValueThatFailsToWriteItselfLeavesNothing) {
  const auto store = open();
  const std::string log = logged([&] {
    store->put(key_of("a"), {{std::make_shared<WritesThenFails>(std::string(1 << 20, 'x'))}, 1});
  });
  EXPECT_NE(log.find("a result is not kept: torn in two"), std::string::npos) << log;
  EXPECT_FALSE(store->contains(key_of("a")));
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskStore, AFullDiskDeclinesWithOneWarningAndLeavesNothing) {
  const auto store = open();
  store->put(key_of("small"), result_of("small"));
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const std::string log = logged([&] {
    const rlimit full{100'000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    for (const char* name : {"a", "b", "c"})
      store->put(key_of(name), result_of(std::string(1 << 20, 'x')));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  });
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("a result is not kept: writing an entry: File too large"), std::string::npos)
      << log;
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(store->bytes(), kBlock);
  store->put(key_of("a"), result_of(std::string(1 << 20, 'x')));
  EXPECT_TRUE(store->get(key_of("a")));
}

// Root may write anywhere.
class AsNobody {
 public:
  AsNobody() {
    if (user_ == 0 && ::seteuid(65534) != 0) throw std::runtime_error("cannot become nobody");
  }
  ~AsNobody() {
    if (user_ == 0 && ::seteuid(0) != 0) std::abort();
  }

 private:
  const uid_t user_ = ::geteuid();
};

TEST_F(DiskStore, AFolderThatBecomesUnwritableStillServes) {
  const auto store = open();
  store->put(key_of("a"), result_of("a"));
  fs::permissions(folder_.path(), fs::perms(0755));
  for (const auto& item : fs::recursive_directory_iterator(folder_.path())) {
    fs::permissions(item.path(), item.is_directory() ? fs::perms(0555) : fs::perms(0444));
  }
  const std::string log = logged([&] {
    const AsNobody nobody;
    store->put(key_of("a"), result_of("other"));
    store->put(key_of("b"), result_of("b"));
    store->erase(key_of("a"));
    EXPECT_EQ(text_of(store->get(key_of("a"))), "a");
    EXPECT_THROW(open(), std::runtime_error);
  });
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("Permission denied"), std::string::npos) << log;
  for (const auto& item : fs::recursive_directory_iterator(folder_.path())) {
    fs::permissions(item.path(), fs::perms::owner_all);
  }
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(DiskStore, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  write_bytes(folder_.path() / "file", "");
  try {
    make_disk_store(folder_.path() / "file", 1 << 20, test::text_readers());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find((folder_.path() / "file").string()),
              std::string::npos);
  }
}

TEST_F(DiskStore, AFolderThatIsDeletedIsMadeAgain) {
  const auto store = open();
  store->put(key_of("a"), result_of("a"));
  fs::remove_all(folder_.path() / "results");
  EXPECT_FALSE(store->get(key_of("a")));
  store->put(key_of("a"), result_of("a"));
  EXPECT_EQ(text_of(store->get(key_of("a"))), "a");
  EXPECT_EQ(store->entries(), 1u);
}

// --- Temporaries

TEST_F(DiskStore, AbandonedTemporariesAreRemovedAndOtherFilesAreLeft) {
  const auto store = open();
  store->put(key_of("a"), result_of("a"));
  const fs::path folder = entry("a").parent_path();
  write_bytes(folder / ".12-34.tmp", "half an ent");
  write_bytes(folder / "notes.txt", "mine");
  write_bytes(folder_.path() / "results/notes.txt", "mine");
  EXPECT_EQ(open()->entries(), 1u);
  EXPECT_FALSE(fs::exists(folder / ".12-34.tmp"));
  store->clear();
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  EXPECT_TRUE(fs::exists(folder_.path() / "results/notes.txt"));
}

TEST_F(DiskStore, AnEntryBeingWrittenIsNotMistakenForAbandoned) {
  const auto store = open(3 * kBlock);
  const auto value = std::make_shared<Interrupted>("first half, second half", [&] {
    EXPECT_EQ(open(3 * kBlock)->entries(), 0u);  // counts, and cleans
    open(3 * kBlock)->put(key_of("a"), result_of("other writer"));
  });
  store->put(key_of("a"), {{value}, 1});
  EXPECT_EQ(text_of(store->get(key_of("a"))), "first half, second half");
  EXPECT_EQ(store->entries(), 1u);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(DiskStore, AnEntryMayBeErasedWhileItIsRead) {
  const ValueReaders readers{{"TEXT", [&](std::istream& in) {
                                open()->clear();
                                return test::read_text(in);
                              }}};
  open()->put(key_of("a"), result_of("text"));
  EXPECT_EQ(text_of(make_disk_store(folder_.path(), 1 << 30, readers)->get(key_of("a"))), "text");
  EXPECT_FALSE(open()->contains(key_of("a")));
}

}  // namespace
}  // namespace heddle

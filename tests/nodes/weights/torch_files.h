// Writes what torch.save writes, byte for byte by hand, so that tests can also write what it never
// would.
#pragma once

#include <gtest/gtest.h>
#include <zip.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights::test {

inline std::string little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += i < 8 ? char(value >> (8 * i) & 0xFF) : '\0';
  return text;
}

/// Pieces of pickles; each function gives the opcodes that push its value.
namespace pickle {

using Items = std::vector<std::string>;

inline std::string join(const Items& items) {
  std::string all;
  for (const std::string& item : items) all += item;
  return all;
}
inline std::string text(const std::string& value) {
  return join({"X", little(value.size(), 4), value});
}
inline std::string number(int64_t value) { return "\x8a\x08" + little(uint64_t(value), 8); }
inline std::string tuple(const Items& items) { return join({"(", join(items), "t"}); }
inline std::string list(const Items& items) { return join({"](", join(items), "e"}); }
/// Keys and values in turn.
inline std::string dict(const Items& items) { return join({"}(", join(items), "u"}); }
inline std::string global(const std::string& module, const std::string& name) {
  return join({"c", module, "\n", name, "\n"});
}
inline std::string call(const std::string& function, const Items& arguments) {
  return function + tuple(arguments) + "R";
}
inline std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }
inline std::string numbers(const std::vector<int64_t>& values) {
  Items items;
  for (const int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string storage(const std::string& key, int64_t elements,
                           const std::string& type = "FloatStorage") {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(elements)}) +
         "Q";
}
inline std::string tensor(const std::string& storage, int64_t offset,
                          const std::vector<int64_t>& size, const std::vector<int64_t>& stride) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {storage, number(offset), numbers(size), numbers(stride), "\x89", ordered_dict()});
}
/// A tensor of `count` floats that fills the storage `key`.
inline std::string floats(const std::string& key, int64_t count) {
  return tensor(storage(key, count), 0, {count}, {1});
}
inline std::string whole(const std::string& value) { return join({"\x80\x02", value, "."}); }

}  // namespace pickle

inline std::string float_bytes(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), 4 * values.size());
}

struct Member {
  std::string name, bytes;
  uint64_t promised = 0;  // another size for the directory, if not 0
};
using Members = std::vector<Member>;

/// A zip archive of stored members, one after the other, whatever their names are.
inline std::string zip_bytes(const Members& members) {
  std::string file, directory;
  for (const Member& member : members) {
    const uint64_t size = member.promised ? member.promised : member.bytes.size();
    // version, flags, method, time, date, checksum (nobody asks for it), sizes, lengths
    const std::string facts = little(20, 2) + little(0, 12) + little(size, 4) + little(size, 4) +
                              little(member.name.size(), 2) + little(0, 2);
    directory +=
        "PK\x01\x02" + little(20, 2) + facts + little(0, 10) + little(file.size(), 4) + member.name;
    file += "PK\x03\x04" + facts + member.name + member.bytes;
  }
  const size_t begin = file.size();
  return file + directory + "PK\x05\x06" + little(0, 4) + little(members.size(), 2) +
         little(members.size(), 2) + little(directory.size(), 4) + little(begin, 4) + little(0, 2);
}

/// The archive of a pickle and its storages.
inline std::string torch_zip(const std::string& pickled, const Members& storages) {
  Members members{{"archive/data.pkl", pickle::whole(pickled)}, {"archive/byteorder", "little"}};
  for (const Member& storage : storages) {
    members.push_back({"archive/data/" + storage.name, storage.bytes, storage.promised});
  }
  return zip_bytes(members);
}

/// The container before PyTorch 1.6. Storages are of floats.
inline std::string torch_legacy(const std::string& pickled, const Members& storages) {
  pickle::Items keys;
  std::string data;
  for (const Member& storage : storages) {
    keys.push_back(pickle::text(storage.name));
    data +=
        little(storage.promised ? storage.promised : storage.bytes.size() / 4, 8) + storage.bytes;
  }
  const std::string magic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
  return pickle::whole(magic) + pickle::whole(pickle::number(1001)) +
         pickle::whole(pickle::dict({pickle::text("little_endian"), "\x88"})) +
         pickle::whole(pickled) + pickle::whole(pickle::list(keys)) + data;
}

inline std::filesystem::path write_bytes(const std::filesystem::path& path,
                                         const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// An archive whose members are compressed, as other programs pack one again.
inline std::filesystem::path write_deflated(const std::filesystem::path& path,
                                            const Members& members) {
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const Member& member : members) {
    zip_source_t* source = zip_source_buffer(zip, member.bytes.data(), member.bytes.size(), 0);
    const auto index = zip_file_add(zip, member.name.c_str(), source, 0);
    if (index < 0 || zip_set_file_compression(zip, zip_uint64_t(index), ZIP_CM_DEFLATE, 9) != 0) {
      throw std::runtime_error("cannot add " + member.name);
    }
  }
  if (zip_close(zip) != 0) throw std::runtime_error("cannot write " + path.string());
  return path;
}

/// What is said about files.
class TorchErrors : public ::testing::Test {
 protected:
  std::string error(const std::string& bytes) const {
    return error_of([&] { TensorFile::open(write_bytes(folder_ / "a.pt", bytes)); });
  }
  /// Of an archive with the pickle and the storage "0" of four floats.
  std::string pickle_error(const std::string& pickled) const {
    return error(torch_zip(pickled, {{"0", float_bytes({1, 2, 3, 4})}}));
  }
  std::string tensor_error(const std::string& tensor) const {
    return pickle_error(pickle::dict({pickle::text("a"), tensor}));
  }
  TestFolder folder_;
};

}  // namespace heddle::weights::test

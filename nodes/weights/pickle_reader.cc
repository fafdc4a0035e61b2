#include "nodes/weights/pickle_reader.h"

#include <array>

#include "nodes/weights/pickle_cursor.h"
#include "nodes/weights/pickle_machine.h"
#include "nodes/weights/pickle_objects.h"

namespace heddle::weights {
namespace {

using Kind = PickleKind;
using Items = std::vector<PickleId>;

constexpr uint8_t kLastProtocol = 5;
constexpr uint8_t kStop = '.';

class PickleReader {
 public:
  explicit PickleReader(const PickleSource& source)
      : cursor_(source), machine_(source), objects_(machine_) {}
  PickleTree read();

 private:
  struct Opcode {
    uint8_t code;
    const char* name;
    void (PickleReader::*run)() = nullptr;  // null: refused
  };
  static const Opcode kOpcodes[];
  static const std::array<const Opcode*, 256>& by_code();
  [[noreturn]] void refuse(uint8_t code) const;

  void push(Kind kind, int64_t number = 0) { machine_.push({.kind = kind, .number = number}); }
  void push_text(Kind kind, uint64_t length) {
    machine_.push({.kind = kind, .text = cursor_.take(length)});
  }
  bool is(PickleId id, Kind kind) const { return machine_[id].kind == kind; }

  void proto();
  void frame() { cursor_.take(8); }
  void mark() { machine_.mark(); }

  void none() { push(Kind::kNone); }
  void new_true() { push(Kind::kBool, 1); }
  void new_false() { push(Kind::kBool, 0); }
  void bin_int() { push(Kind::kInt, int32_t(cursor_.number(4))); }
  void bin_int1() { push(Kind::kInt, int64_t(cursor_.number(1))); }
  void bin_int2() { push(Kind::kInt, int64_t(cursor_.number(2))); }
  void long1() { long_of(cursor_.number(1)); }
  void long4() { long_of(cursor_.number(4)); }
  void long_of(uint64_t length);
  void bin_float() { machine_.push({.kind = Kind::kFloat, .real = cursor_.real()}); }
  void text1() { push_text(Kind::kText, cursor_.number(1)); }
  void text4() { push_text(Kind::kText, cursor_.number(4)); }
  void text8() { push_text(Kind::kText, cursor_.number(8)); }
  void bytes1() { push_text(Kind::kBytes, cursor_.number(1)); }
  void bytes4() { push_text(Kind::kBytes, cursor_.number(4)); }
  void bytes8() { push_text(Kind::kBytes, cursor_.number(8)); }

  void empty_tuple() { machine_.push_container(Kind::kTuple, {}); }
  void empty_list() { machine_.push_container(Kind::kList, {}); }
  void empty_dict() { machine_.push_container(Kind::kDict, {}); }
  void empty_set() { push(Kind::kInert); }
  void tuple() { machine_.push_container(Kind::kTuple, machine_.pop_to_mark()); }
  void tuple1() { tuple_of(1); }
  void tuple2() { tuple_of(2); }
  void tuple3() { tuple_of(3); }
  void tuple_of(size_t count);
  void append() { append_all({machine_.pop("an item")}); }
  void appends() { append_all(machine_.pop_to_mark()); }
  void append_all(const Items& items);
  void set_item();
  void set_items() { objects_.set_items(machine_.pop_to_mark()); }
  void add_items();
  void frozen_set();

  void bin_put() { machine_.remember(cursor_.number(1)); }
  void long_bin_put() { machine_.remember(cursor_.number(4)); }
  void memoize() { machine_.remember_next(); }
  void bin_get() { machine_.recall(cursor_.number(1)); }
  void long_bin_get() { machine_.recall(cursor_.number(4)); }

  void global();
  void stack_global();
  void persistent_id() { objects_.persistent_id(); }
  void reduce() { objects_.reduce(); }
  void new_object() { objects_.new_object(); }
  void build() { objects_.build(); }

  PickleCursor cursor_;
  PickleMachine machine_;
  PickleObjects objects_;
};

// All that pickles have; those without a function are not what tensors are made of.
const PickleReader::Opcode PickleReader::kOpcodes[] = {
    {0x80, "PROTO", &PickleReader::proto},
    {0x95, "FRAME", &PickleReader::frame},
    {'(', "MARK", &PickleReader::mark},
    {'N', "NONE", &PickleReader::none},
    {0x88, "NEWTRUE", &PickleReader::new_true},
    {0x89, "NEWFALSE", &PickleReader::new_false},
    {'J', "BININT", &PickleReader::bin_int},
    {'K', "BININT1", &PickleReader::bin_int1},
    {'M', "BININT2", &PickleReader::bin_int2},
    {0x8A, "LONG1", &PickleReader::long1},
    {0x8B, "LONG4", &PickleReader::long4},
    {'G', "BINFLOAT", &PickleReader::bin_float},
    {'U', "SHORT_BINSTRING", &PickleReader::text1},
    {'T', "BINSTRING", &PickleReader::text4},
    {0x8C, "SHORT_BINUNICODE", &PickleReader::text1},
    {'X', "BINUNICODE", &PickleReader::text4},
    {0x8D, "BINUNICODE8", &PickleReader::text8},
    {'C', "SHORT_BINBYTES", &PickleReader::bytes1},
    {'B', "BINBYTES", &PickleReader::bytes4},
    {0x8E, "BINBYTES8", &PickleReader::bytes8},
    {')', "EMPTY_TUPLE", &PickleReader::empty_tuple},
    {']', "EMPTY_LIST", &PickleReader::empty_list},
    {'}', "EMPTY_DICT", &PickleReader::empty_dict},
    {0x8F, "EMPTY_SET", &PickleReader::empty_set},
    {'t', "TUPLE", &PickleReader::tuple},
    {0x85, "TUPLE1", &PickleReader::tuple1},
    {0x86, "TUPLE2", &PickleReader::tuple2},
    {0x87, "TUPLE3", &PickleReader::tuple3},
    {'a', "APPEND", &PickleReader::append},
    {'e', "APPENDS", &PickleReader::appends},
    {'s', "SETITEM", &PickleReader::set_item},
    {'u', "SETITEMS", &PickleReader::set_items},
    {0x90, "ADDITEMS", &PickleReader::add_items},
    {0x91, "FROZENSET", &PickleReader::frozen_set},
    {'q', "BINPUT", &PickleReader::bin_put},
    {'r', "LONG_BINPUT", &PickleReader::long_bin_put},
    {0x94, "MEMOIZE", &PickleReader::memoize},
    {'h', "BINGET", &PickleReader::bin_get},
    {'j', "LONG_BINGET", &PickleReader::long_bin_get},
    {'c', "GLOBAL", &PickleReader::global},
    {0x93, "STACK_GLOBAL", &PickleReader::stack_global},
    {'Q', "BINPERSID", &PickleReader::persistent_id},
    {'R', "REDUCE", &PickleReader::reduce},
    {0x81, "NEWOBJ", &PickleReader::new_object},
    {'b', "BUILD", &PickleReader::build},
    {'0', "POP"},
    {'1', "POP_MARK"},
    {'2', "DUP"},
    {'F', "FLOAT"},
    {'I', "INT"},
    {'L', "LONG"},
    {'S', "STRING"},
    {'V', "UNICODE"},
    {'P', "PERSID"},
    {'d', "DICT"},
    {'l', "LIST"},
    {'g', "GET"},
    {'p', "PUT"},
    {'i', "INST"},
    {'o', "OBJ"},
    {0x82, "EXT1"},
    {0x83, "EXT2"},
    {0x84, "EXT4"},
    {0x92, "NEWOBJ_EX"},
    {0x96, "BYTEARRAY8"},
    {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"},
};

const std::array<const PickleReader::Opcode*, 256>& PickleReader::by_code() {
  static const auto table = [] {
    std::array<const Opcode*, 256> rows = {};
    for (const Opcode& opcode : kOpcodes) rows[opcode.code] = &opcode;
    return rows;
  }();
  return table;
}

PickleTree PickleReader::read() {
  while (true) {
    machine_.set_at(cursor_.at());
    const uint8_t code = cursor_.byte();
    if (code == kStop) return machine_.finish(cursor_.at());
    const Opcode* opcode = by_code()[code];
    if (!opcode || !opcode->run) refuse(code);
    (this->*opcode->run)();
  }
}

void PickleReader::refuse(uint8_t code) const {
  const Opcode* opcode = by_code()[code];
  const std::string number = std::to_string(int(code));
  if (!opcode) machine_.fail("damaged pickle: " + number + " is no opcode");
  machine_.fail("the opcode " + std::string(opcode->name) + " (" + number +
                "), which no file of tensors needs" + kConvertAdvice);
}

void PickleReader::proto() {
  const uint8_t protocol = cursor_.byte();
  if (protocol <= kLastProtocol) return;
  machine_.fail("pickle protocol " + std::to_string(int(protocol)) + "; the last one known is 5");
}

void PickleReader::long_of(uint64_t length) {
  const std::string_view digits = cursor_.take(length);
  if (length > sizeof(int64_t)) return machine_.push({.kind = Kind::kBigInt, .text = digits});
  uint64_t value = length > 0 && int8_t(digits.back()) < 0 ? ~uint64_t(0) : 0;
  for (size_t i = digits.size(); i-- > 0;) value = value << 8 | uint8_t(digits[i]);
  push(Kind::kInt, int64_t(value));
}

void PickleReader::tuple_of(size_t count) {
  Items items(count);
  for (size_t i = count; i-- > 0;) items[i] = machine_.pop("an item of a tuple");
  machine_.push_container(Kind::kTuple, std::move(items));
}

void PickleReader::append_all(const Items& items) {
  const PickleId list = machine_.top("a list");
  if (is(list, Kind::kInert)) return;
  if (!is(list, Kind::kList)) machine_.fail("damaged pickle: items are added to what is no list");
  machine_.add_items(list, items);
}

void PickleReader::set_item() {
  const PickleId value = machine_.pop("a value");
  objects_.set_items({machine_.pop("a key"), value});
}

void PickleReader::add_items() {
  machine_.pop_to_mark();
  if (is(machine_.top("a set"), Kind::kInert)) return;
  machine_.fail("damaged pickle: items are added to what is no set");
}

void PickleReader::frozen_set() {
  machine_.pop_to_mark();
  push(Kind::kInert);
}

void PickleReader::global() {
  const std::string_view module = cursor_.line();
  objects_.push_global(module, cursor_.line());
}

void PickleReader::stack_global() {
  const PickleId name = machine_.pop("a name"), module = machine_.pop("a module");
  if (!is(name, Kind::kText) || !is(module, Kind::kText)) {
    machine_.fail("damaged pickle: a Python name is no text");
  }
  objects_.push_global(machine_[module].text, machine_[name].text);
}

}  // namespace

PickleTree read_pickle(const PickleSource& source) { return PickleReader(source).read(); }

}  // namespace heddle::weights

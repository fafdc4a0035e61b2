// All nodes of a program, by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/node.h"
#include "engine/picture_text.h"

namespace heddle {

class Registry {
 public:
  /// Declares node type T under its name and aliases. Throws std::logic_error if a name is taken.
  template <class T>
  void add() {
    add(T::kInfo, [] { return std::unique_ptr<Node>(std::make_unique<T>()); });
  }
  /// Declares a node made by `make`; its sockets are read from one instance.
  void add(const NodeInfo& info, std::function<std::unique_ptr<Node>()> make);
  void add(NodeDeclaration declaration);

  /// Makes values of type T readable from the disk cache.
  template <class T>
  void add_value() {
    readers_[std::string(SocketType<T>::kName)] = [](std::istream& in) -> ValuePtr {
      return std::make_shared<const Typed<T>>(SocketType<T>::read(in));
    };
  }

  /// Makes pictures of another program readable: those with a text under `keyword`.
  void add_picture_text(std::string keyword, ReadPictureText read) { picture_texts_[std::move(keyword)] = std::move(read); }
  /// Makes a name known that belongs to a node of other programs and has none here yet; `topic` says what it is about.
  void add_missing(std::string name, std::string topic) { missing_[std::move(name)] = std::move(topic); }
  /// Of the missing ones, those that other programs' editors cannot do without being told of.
  void announce_missing(std::string name) { announced_.push_back(std::move(name)); }
  const std::vector<std::string>& announced() const { return announced_; }
  /// What a node that is known to be missing is about, or null.
  const std::string* missing_topic(std::string_view name) const;

  /// Null if there is none. Aliases are found too.
  const NodeDeclaration* find(std::string_view name) const;
  /// Every name that find() knows, sorted.
  const std::vector<std::string>& names() const { return names_; }
  const ValueReaders& readers() const { return readers_; }
  const std::map<std::string, ReadPictureText>& picture_texts() const { return picture_texts_; }

 private:
  std::map<std::string, std::shared_ptr<const NodeDeclaration>, std::less<>> by_name_;
  std::vector<std::string> names_;
  std::map<std::string, std::string, std::less<>> missing_;  // name -> topic
  std::vector<std::string> announced_;
  ValueReaders readers_;
  std::map<std::string, ReadPictureText> picture_texts_;  // by keyword
};

}  // namespace heddle

#include "nodes/lora_blocks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>

#include "engine/ascii.h"
#include "engine/problem.h"

namespace heddle {
namespace {

constexpr std::string_view kBase = "BASE", kMid = "MID", kSpaces = " \t\r\n";
constexpr double kStrongest = 100;

std::string two_digits(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// Pieces between commas or line ends; a comma at the end is nothing.
std::vector<std::string_view> items_of(std::string_view text) {
  std::vector<std::string_view> items;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find_first_of(",;\n", at), text.size());
    items.push_back(trimmed(text.substr(at, end - at), kSpaces));
    at = end + 1;
  }
  std::erase_if(items, [](std::string_view item) { return item.empty(); });
  return items;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

double parse_strength(std::string_view text, const std::string& where) {
  text = trimmed(text, kSpaces);
  if (text.starts_with('+')) text.remove_prefix(1);
  double strength = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), strength);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && std::isfinite(strength);
  if (is_number && std::abs(strength) <= kStrongest) return strength;
  throw std::invalid_argument("blocks: " + where + ": " + quoted(text) + " is no number from -100 to 100");
}

// Which blocks a list of so many numbers is for, after the text encoder's.
struct ListLayout {
  size_t numbers;
  int side;  // blocks on either side of the network that it is for
  std::vector<int> in, out;
};
std::vector<int> range(int first, int last) {
  std::vector<int> numbers;
  for (int n = first; n <= last; ++n) numbers.push_back(n);
  return numbers;
}
std::vector<ListLayout> list_layouts() {
  return {{12, 9, {4, 5, 7, 8}, range(0, 5)},
          {20, 9, range(0, 8), range(0, 8)},
          {17, 12, {1, 2, 4, 5, 7, 8}, range(3, 11)},
          {26, 12, range(0, 11), range(0, 11)}};
}

std::string expected_lists(int side) {
  if (side == 9)
    return "12 numbers (BASE, IN04, IN05, IN07, IN08, MID, OUT00 to OUT05) or 20 (BASE, IN00 to IN08, MID, OUT00 to "
           "OUT08)";
  if (side == 12)
    return "17 numbers (BASE, IN01, IN02, IN04, IN05, IN07, IN08, MID, OUT03 to OUT11) or 26 (BASE, IN00 to IN11, MID, "
           "OUT00 to OUT11)";
  return "no list of numbers; name the blocks, as in \"MID:1, OUT*:0.8\"";
}

int blocks_on_a_side(const std::vector<std::string>& blocks) {
  return int(
      std::count_if(blocks.begin(), blocks.end(), [](const std::string& block) { return block.starts_with("IN"); }));
}

BlockStrengths parse_list(const std::vector<std::string_view>& items, const std::vector<std::string>& blocks) {
  const int side = blocks_on_a_side(blocks);
  for (const ListLayout& layout : list_layouts()) {
    if (layout.numbers != items.size() || layout.side != side) continue;
    std::vector<std::string> places{std::string(kBase)};
    for (const int n : layout.in) places.push_back("IN" + two_digits(n));
    places.emplace_back(kMid);
    for (const int n : layout.out) places.push_back("OUT" + two_digits(n));
    BlockStrengths strengths;
    for (const std::string& block : blocks) strengths.unet[block] = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      const double strength = parse_strength(items[i], "number " + std::to_string(i + 1) + " (" + places[i] + ")");
      (i == 0 ? strengths.text : strengths.unet[places[i]]) = strength;
    }
    return strengths;
  }
  throw std::invalid_argument("blocks: a list of " + std::to_string(items.size()) +
                              " numbers does not fit this model, which takes " + expected_lists(side));
}

// M00 is what some lists call the middle; names are known with one digit too.
std::string normalised(std::string_view name) {
  std::string text(name);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return char(std::toupper(c)); });
  if (text == "M00" || text == "MID00") return std::string(kMid);
  for (const std::string_view side : {"IN", "OUT"}) {
    const bool one_digit =
        text.size() == side.size() + 1 && text.starts_with(side) && std::isdigit((unsigned char)text.back());
    if (one_digit) text.insert(side.size(), "0");
  }
  return text;
}

bool names(std::string_view pattern, std::string_view block) {
  if (!pattern.ends_with('*')) return pattern == block;
  return block.starts_with(pattern.substr(0, pattern.size() - 1));
}

[[noreturn]] void reject_name(std::string_view name, const std::vector<std::string>& blocks) {
  std::vector<std::string> known = blocks;
  known.emplace_back(kBase);
  throw std::invalid_argument("blocks: this model has no block " + quoted(name) +
                              did_you_mean(normalised(name), known) + "; it has " + std::string(kBase) +
                              " (the text encoder) and " + blocks.front() + " to " + blocks.back() + ", among them " +
                              std::string(kMid));
}

BlockStrengths parse_names(const std::vector<std::string_view>& items, const std::vector<std::string>& blocks) {
  BlockStrengths strengths;
  for (const std::string_view item : items) {
    const size_t colon = item.find_first_of(":=");
    if (colon == item.npos) {
      throw std::invalid_argument("blocks: " + quoted(item) + " has no strength; write NAME:NUMBER, as in MID:0.5");
    }
    const std::string_view name = trimmed(item.substr(0, colon), kSpaces);
    const double strength = parse_strength(item.substr(colon + 1), quoted(name));
    const std::string pattern = normalised(name);
    bool found = names(pattern, kBase);
    if (found) strengths.text = strength;
    for (const std::string& block : blocks) {
      if (!names(pattern, block)) continue;
      strengths.unet[block] = strength;
      found = true;
    }
    if (!found) reject_name(name, blocks);
  }
  return strengths;
}

// N of "input_blocks.N.", or -1.
int number_after(std::string_view weight, std::string_view prefix) {
  if (!weight.starts_with(prefix)) return -1;
  int n = -1;
  const auto [end, error] = std::from_chars(weight.data() + prefix.size(), weight.data() + weight.size(), n);
  return error == std::errc() && n >= 0 ? n : -1;
}

}  // namespace

std::string block_of_weight(std::string_view weight) {
  if (const int n = number_after(weight, "input_blocks."); n >= 0) return "IN" + two_digits(n);
  if (const int n = number_after(weight, "output_blocks."); n >= 0) return "OUT" + two_digits(n);
  return weight.starts_with("middle_block.") ? std::string(kMid) : "";
}

std::vector<std::string> blocks_of(const std::vector<std::string>& weights) {
  std::set<std::string> blocks;  // IN, MID, OUT: in the order of the alphabet
  for (const std::string& weight : weights) {
    if (std::string block = block_of_weight(weight); !block.empty()) blocks.insert(std::move(block));
  }
  return {blocks.begin(), blocks.end()};
}

double BlockStrengths::of_weight(std::string_view weight) const {
  const auto found = unet.find(block_of_weight(weight));
  return found == unet.end() ? 1 : found->second;
}

BlockStrengths parse_block_strengths(std::string_view text, const std::vector<std::string>& blocks) {
  const std::vector<std::string_view> items = items_of(text);
  if (items.empty()) return {};
  if (blocks.empty()) throw std::invalid_argument("blocks: this model has no blocks; leave the text empty");
  const bool has_names = std::any_of(items.begin(), items.end(), [](std::string_view item) {
    return item.find_first_of(":=") != item.npos || std::isalpha((unsigned char)item.front());
  });
  return has_names ? parse_names(items, blocks) : parse_list(items, blocks);
}

}  // namespace heddle

#include "nodes/diffusion/median_cut.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace heddle::diffusion {
namespace {

constexpr size_t kMostColours = 65536;  // with more, colours are told apart less finely
constexpr std::array<int, 3> kWeights = {77, 150, 29};  // of red, green and blue in brightness

/// A colour, its low bits cut off, and the pixels that have it.
struct Colour {
  Rgb place{};
  uint64_t count = 0;
  std::array<uint64_t, 3> sum{};
};

std::vector<Colour> distinct(const std::vector<Rgb>& sorted, int shift) {
  std::vector<Colour> colours;
  for (const Rgb& pixel : sorted) {
    const Rgb place{uint8_t(pixel[0] >> shift), uint8_t(pixel[1] >> shift),
                    uint8_t(pixel[2] >> shift)};
    colours.push_back({place, 1, {pixel[0], pixel[1], pixel[2]}});
  }
  if (shift > 0) {
    std::sort(colours.begin(), colours.end(),
              [](const Colour& a, const Colour& b) { return a.place < b.place; });
  }
  size_t last = 0;
  for (size_t k = 1; k < colours.size(); ++k) {
    if (colours[k].place != colours[last].place) {
      colours[++last] = colours[k];
      continue;
    }
    ++colours[last].count;
    for (int c = 0; c < 3; ++c) colours[last].sum[c] += colours[k].sum[c];
  }
  colours.resize(last + 1);
  return colours;
}

std::vector<Colour> count_colours(std::vector<Rgb> pixels) {
  std::sort(pixels.begin(), pixels.end());
  std::vector<Colour> colours = distinct(pixels, 0);
  for (int shift = 1; colours.size() > kMostColours; ++shift) colours = distinct(pixels, shift);
  return colours;
}

struct Box {
  std::vector<Colour> colours;
  uint64_t pixels = 0;
  std::unique_ptr<Box> bright, dark;  // its halves, once cut
};

std::unique_ptr<Box> make_box(std::vector<Colour> colours) {
  auto box = std::make_unique<Box>();
  for (const Colour& colour : colours) box->pixels += colour.count;
  box->colours = std::move(colours);
  return box;
}

size_t longest_side(const std::vector<Colour>& colours) {
  size_t longest = 0;
  int longest_length = -1;
  for (size_t side = 0; side < 3; ++side) {
    const auto by_side = [&](const Colour& a, const Colour& b) {
      return a.place[side] < b.place[side];
    };
    const auto [low, high] = std::minmax_element(colours.begin(), colours.end(), by_side);
    const int length = (high->place[side] - low->place[side]) * kWeights[side];
    if (length <= longest_length) continue;
    longest = side;
    longest_length = length;
  }
  return longest;
}

/// The least value of the brighter half: values from the brightest down until they hold more than
/// half of the pixels. Where that is all of them, the darkest value is left to the other half.
int cutting_value(const Box& box, size_t side) {
  std::array<uint64_t, 256> counts{};
  for (const Colour& colour : box.colours) counts[colour.place[side]] += colour.count;
  const auto is_used = [](uint64_t count) { return count > 0; };
  const int darkest = int(std::find_if(counts.begin(), counts.end(), is_used) - counts.begin());
  uint64_t bright = 0;
  int value = 256;
  while (2 * bright <= box.pixels) bright += counts[size_t(--value)];
  return std::max(value, darkest + 1);
}

bool cut(Box& box) {
  if (box.colours.size() < 2) return false;
  const size_t side = longest_side(box.colours);
  const int value = cutting_value(box, side);
  const auto dark =
      std::stable_partition(box.colours.begin(), box.colours.end(),
                            [&](const Colour& colour) { return int(colour.place[side]) >= value; });
  box.dark = make_box({dark, box.colours.end()});
  box.colours.erase(dark, box.colours.end());
  box.bright = make_box(std::move(box.colours));
  box.colours.clear();
  return true;
}

/// A binary heap, the box with the most pixels first. Which of two equal boxes comes first decides
/// over the palette, so it is written out.
class Fullest {
 public:
  void add(Box* box) {
    boxes_.push_back(box);
    size_t k = boxes_.size() - 1;
    for (; k > 0 && box->pixels > boxes_[(k - 1) / 2]->pixels; k = (k - 1) / 2) {
      boxes_[k] = boxes_[(k - 1) / 2];
    }
    boxes_[k] = box;
  }

  Box* take() {
    if (boxes_.empty()) return nullptr;
    Box* first = boxes_.front();
    Box* moved = boxes_.back();
    boxes_.pop_back();
    if (boxes_.empty()) return first;
    size_t k = 0;
    for (size_t next = 1; next < boxes_.size(); next = 2 * k + 1) {
      if (next + 1 < boxes_.size() && boxes_[next]->pixels < boxes_[next + 1]->pixels) ++next;
      if (moved->pixels > boxes_[next]->pixels) break;
      boxes_[k] = boxes_[next];
      k = next;
    }
    boxes_[k] = moved;
    return first;
  }

 private:
  std::vector<Box*> boxes_;
};

Rgb mean_colour(const Box& box) {
  Rgb mean{};
  for (size_t c = 0; c < 3; ++c) {
    uint64_t sum = 0;
    for (const Colour& colour : box.colours) sum += colour.sum[c];
    mean[c] = uint8_t(0.5 + double(sum) / double(box.pixels));
  }
  return mean;
}

}  // namespace

std::vector<Rgb> median_cut(const std::vector<Rgb>& pixels, int count) {
  const std::unique_ptr<Box> root = make_box(count_colours(pixels));
  Fullest fullest;
  fullest.add(root.get());
  for (int boxes = 1; boxes < count; ++boxes) {
    Box* box = fullest.take();
    while (box && !cut(*box)) box = fullest.take();
    if (!box) break;
    fullest.add(box->bright.get());
    fullest.add(box->dark.get());
  }
  std::vector<Rgb> palette;
  std::vector<const Box*> open{root.get()};
  while (!open.empty()) {
    const Box* box = open.back();
    open.pop_back();
    if (!box->bright) {
      palette.push_back(mean_colour(*box));
    } else {
      open.push_back(box->dark.get());
      open.push_back(box->bright.get());
    }
  }
  return palette;
}

}  // namespace heddle::diffusion

#include "nodes/diffusion/unicode.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <stdexcept>

namespace heddle::diffusion {
namespace {

constexpr size_t kMaxBytes = size_t(1) << 28;  // ICU counts in int32
constexpr char32_t kReplacement = 0xFFFD, kCapitalIWithDot = 0x130, kDotAbove = 0x307;

void check(UErrorCode status) {
  if (U_SUCCESS(status)) return;
  throw std::runtime_error(std::string("Unicode normalization: ") + u_errorName(status));
}

std::u32string code_points(const icu::UnicodeString& text) {
  std::u32string out;
  out.reserve(size_t(text.length()));
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    out += char32_t(text.char32At(i));
  }
  return out;
}

icu::UnicodeString utf16(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                       int32_t(text.size()));
}

// Full canonical decomposition, marks not yet in order.
std::u32string decompose(std::u32string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  check(status);
  std::u32string out;
  out.reserve(text.size());
  icu::UnicodeString parts;
  for (char32_t c : text) {
    if (nfd->getDecomposition(UChar32(c), parts)) {
      out += code_points(parts);
    } else {
      out += c;
    }
  }
  return out;
}

// Canonical order: each run of combining marks by combining class, equal ones as they came.
void order_marks(std::u32string& text) {
  const auto is_mark = [](char32_t c) { return u_getCombiningClass(UChar32(c)) != 0; };
  const auto by_class = [](char32_t a, char32_t b) {
    return u_getCombiningClass(UChar32(a)) < u_getCombiningClass(UChar32(b));
  };
  for (auto i = text.begin(); i != text.end();) {
    i = std::find_if(i, text.end(), is_mark);
    const auto end = std::find_if_not(i, text.end(), is_mark);
    std::stable_sort(i, end, by_class);
    i = end;
  }
}

}  // namespace

std::u32string from_utf8(std::string_view text) {
  if (text.size() > kMaxBytes) {
    throw std::length_error("text of " + std::to_string(text.size()) +
                            " bytes is too long; at most " + std::to_string(kMaxBytes) +
                            " are read");
  }
  return code_points(
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), int32_t(text.size()))));
}

void append_utf8(char32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = kReplacement;
  if (c < 0x80) {
    out += char(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;  // bytes behind the first
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += char(kLead[more] | (c >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) out += char(0x80 | ((c >> (6 * i)) & 0x3F));
}

std::u32string compose(std::u32string_view text) {
  // ICU orders marks by insertion, which takes minutes for a million of them and no time for marks
  // that are in order.
  std::u32string ordered = decompose(text);
  order_marks(ordered);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  check(status);
  const icu::UnicodeString composed = nfc->normalize(utf16(ordered), status);
  check(status);
  return code_points(composed);
}

std::u32string to_lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    if (c == kCapitalIWithDot) {  // the only one whose own lower case is two characters
      out += U'i';
      out += kDotAbove;
    } else {
      out += char32_t(u_tolower(UChar32(c)));
    }
  }
  return out;
}

bool is_letter(char32_t c) { return (U_GET_GC_MASK(UChar32(c)) & U_GC_L_MASK) != 0; }
bool is_number(char32_t c) { return (U_GET_GC_MASK(UChar32(c)) & U_GC_N_MASK) != 0; }
bool is_space(char32_t c) { return u_isUWhiteSpace(UChar32(c)); }
int decimal_digit(char32_t c) { return u_charDigitValue(UChar32(c)); }

}  // namespace heddle::diffusion

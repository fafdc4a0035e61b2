// The EXIF block in JPEG, WebP and PNG files, as far as pictures of diffusion workflows use it:
// which way is up, and the texts that tools keep there. Format: TIFF 6.0 sections 2 and 3,
// Exif 2.32 section 4.6.
//
// Where texts stand: ComfyUI writes "prompt:{json}" into tag 0x0110 (Model) and "workflow:{json}"
// and further ones from 0x010F (Make) downwards; A1111 writes its parameters into UserComment
// (0x9286). heddle reads and writes both ways.
#pragma once

#include <string>
#include <string_view>

#include "engine/image_file.h"

namespace heddle {

/// What JPEG, and some writers of WebP, put before the block.
inline constexpr std::string_view kExifPrefix{"Exif\0\0", 6};

struct Exif {
  int orientation = 1;  // 1..8 as in tag 0x0112; 1 is upright
  ImageTexts texts;
};

/// Reads a block that begins with the TIFF header, or with "Exif\0\0" before it. Never throws: what
/// is damaged is left out. Tags downwards, so "prompt" is first; UserComment, named "parameters",
/// is last. The keys "prompt" and "workflow" are found in any case and lose spaces before the text:
/// both only ever hold JSON. The texts together are at most five times as long as the block.
Exif parse_exif(std::string_view block);

/// The block without "Exif\0\0". The first "prompt", "workflow" and "parameters" stand in the
/// places above, everything else in the tags below. REQUIRES: check_texts() passed. Throws
/// ImageError for more texts than there are tags, and for a keyword with a colon.
std::string make_exif(const ImageTexts& texts);

}  // namespace heddle

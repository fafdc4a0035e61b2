#include "nodes/a1111_parameters.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "nodes/a1111_models.h"
#include "nodes/a1111_names.h"
#include "nodes/a1111_settings.h"
#include "nodes/a1111_tags.h"

namespace heddle {
namespace {

Json link(const char* step, int slot) { return Json::array({step, slot}); }

// Major and minor of "v1.6.0", "1.10.1" or a fork's "f2.0.1v1.10.1-previous"; 0.0 if there is none.
std::pair<int, int> version_of(std::string_view text) {
  const std::string_view release = text.substr(0, text.find('-'));
  const size_t v = release.rfind('v');
  const std::string_view digits = release.substr(v == release.npos ? 0 : v + 1);
  std::pair<int, int> version{0, 0};
  const char* const last = digits.data() + digits.size();
  const auto [point, error] = std::from_chars(digits.data(), last, version.first);
  if (error == std::errc() && point != last && *point == '.') std::from_chars(point + 1, last, version.second);
  return version;
}

// Whether its text may change from step to step.
bool is_scheduled(const std::string& prompt) {
  return prompt.find('[') != prompt.npos && prompt.find_first_of(":|") != prompt.npos;
}

/// The settings of one pass through the sampler.
struct Pass {
  int64_t steps = 20;
  double cfg = 7, denoise = 1;
  uint64_t seed = 0;
  A1111Sampling sampling;
};

class GraphMaker {
 public:
  GraphMaker(A1111Text text, const Folders& folders, FileHashes& hashes)
      : text_(std::move(text)), settings_(std::move(text_.settings)), folders_(folders), hashes_(hashes) {}

  ForeignGraph make() {
    const Pass pass = first_pass();
    const bool has_second = settings_.has("Hires upscale") || settings_.has("Hires resize");
    note_other_noise(pass);
    add_models();
    add_prompts("6", "7", text_.prompt, text_.negative, pass.steps, 0);
    const auto [width, height] = size();
    add("5", "EmptyLatentImage", {{"width", width}, {"height", height}, {"batch_size", 1}});
    add_sampler("3", pass, "5", "6", "7");
    const char* last = has_second ? add_second_pass(pass, width, height) : "3";
    add("8", "VAEDecode", {{"samples", link(last, 0)}, {"vae", vae_}});
    add("9", "SaveImage", {{"images", link("8", 0)}, {"filename_prefix", "heddle"}});
    if (!has_second) note_image_to_image();
    note_what_is_left();
    return std::move(result_);
  }

 private:
  void add(const char* id, const char* node, Json inputs) {
    result_.api[id] = Json{{"class_type", node}, {"inputs", std::move(inputs)}};
  }

  void warn(std::string message) {
    if (message.empty()) return;
    Problem problem{"", "", "", "not_carried_over", std::move(message), true};
    result_.problems.push_back(std::move(problem));
  }

  template <class T>
  T required(std::optional<T> value, const std::string& name, T otherwise) {
    if (value) return *value;
    warn("the picture does not tell its " + name + "; the graph has " + Json(otherwise).dump());
    return otherwise;
  }

  Pass first_pass() {
    Pass pass;
    pass.steps = int64_t(required<uint64_t>(settings_.take_whole("Steps"), "Steps", 20));
    pass.cfg = required<double>(settings_.take_number("CFG scale"), "CFG scale", 7);
    pass.seed = required<uint64_t>(settings_.take_whole("Seed"), "Seed", 0);
    schedule_type_ = settings_.take("Schedule type");
    sampler_ = settings_.take("Sampler");
    pass.sampling = a1111_sampling(sampler_, schedule_type_);
    warn(pass.sampling.remark);
    return pass;
  }

  std::pair<int64_t, int64_t> size() {
    const auto size = settings_.take_size("Size");
    if (!size) warn("the picture does not tell its Size; the graph has 512x512");
    return size.value_or(std::pair<int64_t, int64_t>{512, 512});
  }

  void add_models() {
    const NamedModel wanted{settings_.take("Model"), settings_.take("Model hash")};
    const FoundModel found = find_a1111_model("checkpoints", wanted, folders_, hashes_);
    warn(found.warning);
    const std::string otherwise = wanted.name.empty() ? wanted.hash : wanted.name;
    add("4", "CheckpointLoader", {{"ckpt_name", found.file.empty() ? otherwise : found.file}});
    clip_ = link("4", 1);
    vae_ = link("4", 2);
    const auto skip = settings_.take_whole("Clip skip");
    if (skip && *skip > 1) {
      add("10", "CLIPSetLastLayer", {{"clip", clip_}, {"stop_at_clip_layer", -int64_t(std::min<uint64_t>(*skip, 24))}});
      clip_ = link("10", 0);
    }
    add_vae({settings_.take("VAE"), settings_.take("VAE hash")});
  }

  void add_vae(const NamedModel& wanted) {
    if (wanted.name.empty() || wanted.name == "None" || wanted.name == "Automatic") return;
    const FoundModel found = find_a1111_model("vae", wanted, folders_, hashes_);
    warn(found.warning.empty() || !found.file.empty() ? found.warning
                                                      : found.warning + "; the checkpoint's own VAE is used");
    if (found.file.empty()) return;
    add("11", "VAELoader", {{"vae_name", found.file}});
    vae_ = link("11", 0);
  }

  // The steps that encode for one pass. LoRAs are named in the positive prompt and change both.
  void add_prompts(const char* positive, const char* negative, const std::string& prompt, const std::string& avoided,
                   int64_t steps, int64_t steps_before) {
    Json inputs{{"text", prompt}, {"clip", clip_}, {"steps", steps}};
    if (steps_before > 0) inputs["steps_before"] = steps_before;
    Json avoid = inputs;
    avoid["text"] = avoided;
    avoid["negative"] = true;
    if (has_loras(prompt)) {
      inputs["model"] = link("4", 0);
      avoid["clip"] = link(positive, 2);
    }
    add(positive, "CLIPTextEncodeA1111", std::move(inputs));
    add(negative, "CLIPTextEncodeA1111", std::move(avoid));
  }

  // Also says which of them are not there.
  bool has_loras(const std::string& prompt) {
    const std::vector<std::string> files = folders_.list("loras");
    bool has_any = false;
    for (const A1111Tag& tag : split_a1111_tags(prompt).tags) {
      if (!is_lora(tag)) continue;
      has_any = true;
      try {
        find_lora(tag.name, files);
      } catch (const std::invalid_argument& error) {
        warn(error.what());
      }
    }
    return has_any;
  }

  void add_sampler(const char* id, const Pass& pass, const char* latent, const char* positive, const char* negative) {
    const bool has_model = result_.api[positive]["inputs"].contains("model");
    add(id, "KSampler",
        {{"model", has_model ? link(positive, 1) : link("4", 0)},
         {"seed", pass.seed},
         {"steps", pass.steps},
         {"cfg", pass.cfg},
         {"sampler_name", pass.sampling.sampler},
         {"scheduler", pass.sampling.scheduler},
         {"positive", link(positive, 0)},
         {"negative", link(negative, 0)},
         {"latent_image", link(latent, 0)},
         {"denoise", pass.denoise}});
  }

  // The step whose latent is the last.
  const char* add_second_pass(const Pass& first, int64_t width, int64_t height) {
    const Pass pass = second_pass(first);
    add_enlarged(second_size(width, height));
    const bool renewed = add_second_prompts(first, pass);
    add_sampler("15", pass, "12", renewed ? "13" : "6", renewed ? "14" : "7");
    return "15";
  }

  Pass second_pass(const Pass& first) {
    Pass pass = first;
    pass.steps = int64_t(settings_.take_whole("Hires steps").value_or(0));
    if (pass.steps == 0) pass.steps = first.steps;
    pass.denoise = required<double>(settings_.take_number("Denoising strength"), "Denoising strength", 0.7);
    pass.cfg = settings_.take_number("Hires CFG Scale").value_or(first.cfg);
    const std::string sampler = settings_.take("Hires sampler"), schedule = settings_.take("Hires schedule type");
    const bool same_sampler = sampler.empty() || sampler == "Use same sampler";
    const bool same_schedule = schedule.empty() || schedule == "Use same scheduler";
    if (same_sampler && same_schedule) return pass;
    const std::string inherited = same_sampler ? schedule_type_ : "";
    pass.sampling = a1111_sampling(same_sampler ? sampler_ : sampler, same_schedule ? inherited : schedule);
    warn(pass.sampling.remark);
    return pass;
  }

  std::pair<int64_t, int64_t> second_size(int64_t width, int64_t height) {
    const double scale = settings_.take_number("Hires upscale").value_or(0);
    const auto [wanted_width, wanted_height] =
        settings_.take_size("Hires resize").value_or(std::pair<int64_t, int64_t>{0, 0});
    if (wanted_width == 0 && wanted_height == 0) {
      const double factor = scale > 0 ? std::min(scale, 64.0) : 2;
      return {int64_t(double(width) * factor), int64_t(double(height) * factor)};
    }
    if (wanted_height == 0) return {wanted_width, wanted_width * height / std::max<int64_t>(width, 1)};
    if (wanted_width == 0) return {wanted_height * width / std::max<int64_t>(height, 1), wanted_height};
    return {wanted_width, wanted_height};
  }

  // The first result at the size of the second pass is step 12.
  void add_enlarged(std::pair<int64_t, int64_t> size) {
    const int64_t width = size.first / kCell * kCell, height = size.second / kCell * kCell;
    const A1111Upscaler upscaler = a1111_upscaler(settings_.take("Hires upscaler"));
    warn(upscaler.remark);
    Json inputs{{"upscale_method", upscaler.method}, {"width", width}, {"height", height}, {"crop", "center"}};
    if (upscaler.in_latents) {
      inputs["samples"] = link("3", 0);
      return add("12", "LatentUpscale", std::move(inputs));
    }
    add("16", "VAEDecode", {{"samples", link("3", 0)}, {"vae", vae_}});
    inputs["image"] = link("16", 0);
    add("17", "ImageScale", std::move(inputs));
    add("12", "VAEEncode", {{"pixels", link("17", 0)}, {"vae", vae_}});
  }

  // False if the first pass's prompts serve the second one as they are. Since version 1.6 the second pass goes on
  // counting.
  bool add_second_prompts(const Pass& first, const Pass& second) {
    std::string prompt = settings_.take("Hires prompt"), negative = settings_.take("Hires negative prompt");
    const bool same = prompt.empty() && negative.empty();
    if (prompt.empty()) prompt = text_.prompt;
    if (negative.empty()) negative = text_.negative;
    if (same && !is_scheduled(prompt) && !is_scheduled(negative)) return false;
    const bool goes_on = version_of(settings_.take("Version")) >= std::pair{1, 6};
    add_prompts("13", "14", prompt, negative, second.steps, goes_on ? first.steps : 0);
    return true;
  }

  void note_other_noise(const Pass& pass) {
    const std::string source = settings_.take("RNG");
    if (source != "CPU") {
      warn("the first noise was drawn on a graphics card" + (source.empty() ? "" : " (RNG: " + source + ")") +
           ": the seed stands for another noise here, so the picture will be another one");
    } else if (pass.sampling.draws_noise) {
      warn("the sampler adds noise at its steps, which is drawn in another order here: the picture will differ");
    }
    const std::string strength = settings_.take("Variation seed strength"),
                      variation = settings_.take("Variation seed");
    if (!variation.empty())
      warn("Variation seed: " + variation + " (strength " + strength + ") is left out; the noise is of Seed alone");
    const std::string delta = settings_.take("ENSD");
    if (!delta.empty() && delta != "0") warn("ENSD: " + delta + " is left out; it changes the noise that samplers add");
  }

  void note_image_to_image() {
    const std::string denoise = settings_.take("Denoising strength");
    if (denoise.empty()) return;
    warn("Denoising strength: " + denoise +
         " tells that this picture was made from another one, which is not in it; the graph starts from nothing");
  }

  void note_what_is_left() {
    for (const char* harmless : {"Version", "Lora hashes", "TI hashes", "Hashes", "Batch size", "Batch pos", "User",
                                 "Hires Module 1", "Hires prompt", "Hires negative prompt"}) {
      settings_.take(harmless);
    }
    for (const std::string& setting : settings_.left())
      warn(setting + " is left out; nothing in this graph stands for it");
  }

  A1111Text text_;
  A1111Settings settings_;
  const Folders& folders_;
  FileHashes& hashes_;
  ForeignGraph result_{Json::object(), {}};
  std::string sampler_, schedule_type_;
  Json clip_, vae_;  // links
};

}  // namespace

ForeignGraph read_a1111_parameters(const std::string& text, const Folders& folders, FileHashes& hashes) {
  std::optional<A1111Text> parsed = parse_a1111_text(text);
  if (parsed) return GraphMaker(std::move(*parsed), folders, hashes).make();
  return {Json::object(),
          {{"", "", "", "malformed_parameters",
            "the picture's \"parameters\" are not AUTOMATIC1111's: no line of them begins with \"Steps: \""}}};
}

}  // namespace heddle

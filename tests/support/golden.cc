#include "tests/support/golden.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace heddle::test {
namespace {

at::ScalarType scalar_type(const std::string& name) {
  if (name == "F64") return at::kDouble;
  if (name == "F32") return at::kFloat;
  if (name == "F16") return at::kHalf;
  if (name == "BF16") return at::kBFloat16;
  if (name == "I64") return at::kLong;
  if (name == "I32") return at::kInt;
  if (name == "U8") return at::kByte;
  if (name == "BOOL") return at::kBool;
  throw std::runtime_error("type of golden tensor: " + name);
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot open " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

uint32_t crc32(std::string_view text) {
  uint32_t crc = 0xFFFFFFFFu;
  for (unsigned char c : text) {
    crc ^= c;
    for (int k = 0; k < 8; ++k) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

// Element i: splitmix64 of (crc32(key) << 32) + seed * golden + i, mapped to a uniform of unit variance, in double in this
// order of operations, then rounded to fp32.
float formula(uint64_t start, uint64_t i, double scale, double offset) {
  uint64_t z = start + i;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  double u = double(z >> 40);
  u *= std::ldexp(1.0, -24);
  u -= 0.5;
  u *= std::sqrt(12.0);
  u *= scale;
  u += offset;
  return float(u);
}

at::Tensor make_tensor(const std::string& key, const nlohmann::ordered_json& t, uint64_t seed) {
  const auto shape = t.at("shape").get<std::vector<int64_t>>();
  if (t.value("iota", false)) {
    int64_t count = 1;
    for (int64_t n : shape) count *= n;
    return at::arange(count, at::kLong).reshape(shape);
  }
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ull;
  const uint64_t start = (uint64_t(crc32(key)) << 32) + seed * kGolden + kGolden;
  at::Tensor x = at::empty(shape, at::kFloat);
  float* data = x.data_ptr<float>();
  const double scale = t.value("scale", 0.0), offset = t.value("offset", 0.0);
  for (int64_t i = 0; i < x.numel(); ++i) data[i] = formula(start, uint64_t(i), scale, offset);
  if (t.contains("overrides")) {
    for (const auto& o : t["overrides"]) {
      for (int64_t i = o[0]; i < o[1].get<int64_t>(); ++i) data[i] = float(o[2].get<double>());
    }
  }
  return x.to(scalar_type(t.at("dtype")));
}

// The largest differences of a test program, written down at its end if anybody wants them.
class Report {
 public:
  ~Report() {
    const char* path = std::getenv("HEDDLE_GOLDEN_REPORT");
    if (!path) return;
    std::ofstream out(path, std::ios::app);
    for (const auto& [group, worst] : groups_) {
      out << group << " | " << worst.cases << " | " << worst.difference << " | " << worst.allowed << '\n';
    }
  }
  void note(const std::string& group, double difference, double allowed) {
    Worst& worst = groups_[group];
    ++worst.cases;
    if (worst.cases > 1 && difference * worst.allowed <= worst.difference * allowed) return;
    worst.difference = difference;
    worst.allowed = allowed;
  }

 private:
  struct Worst {
    int cases = 0;
    double difference = 0, allowed = 0;
  };
  std::map<std::string, Worst> groups_;
};

}  // namespace

std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(HEDDLE_SOURCE_DIR) / "tests/golden" / name;
}

nlohmann::json golden_json(const std::string& name) {
  return nlohmann::json::parse(read_all(golden_path(name)));
}

Tensors golden_tensors(const std::string& name) {
  const std::string bytes = read_all(golden_path(name));
  uint64_t header_size;
  std::memcpy(&header_size, bytes.data(), 8);
  const auto header = nlohmann::json::parse(bytes.substr(8, header_size));
  Tensors tensors;
  for (const auto& [key, t] : header.items()) {
    if (key == "__metadata__") continue;
    at::Tensor x = at::empty(t["shape"].get<std::vector<int64_t>>(), scalar_type(t["dtype"]));
    std::memcpy(x.data_ptr(), bytes.data() + 8 + header_size + t["data_offsets"][0].get<size_t>(), x.nbytes());
    tensors.emplace(key, x);
  }
  return tensors;
}

Tensors make_tensors(const nlohmann::json& spec) {
  const uint64_t seed = spec.at("__spec__").at("seed");
  Tensors tensors;
  for (const auto& [key, t] : spec.items()) {
    if (key != "__spec__") tensors.emplace(key, make_tensor(key, t, seed));
  }
  return tensors;
}

void write_checkpoint(const std::string& golden_spec, const std::filesystem::path& path) {
  const auto spec = nlohmann::ordered_json::parse(read_all(golden_path(golden_spec)));
  const auto& about = spec.at("__spec__");
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (about.contains("metadata") && !about["metadata"].empty()) header["__metadata__"] = about["metadata"];
  size_t at = 0;
  for (const auto& [key, t] : spec.items()) {
    if (key == "__spec__") continue;
    size_t size = c10::elementSize(scalar_type(t["dtype"]));
    for (int64_t n : t["shape"]) size *= size_t(n);
    header[key] = {{"dtype", t["dtype"]}, {"shape", t["shape"]}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t header_size = text.size();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&header_size), 8);
  out << text;
  for (const auto& [key, t] : spec.items()) {
    if (key == "__spec__") continue;
    const at::Tensor x = make_tensor(key, t, about.at("seed"));
    out.write(static_cast<const char*>(x.data_ptr()), std::streamsize(x.nbytes()));
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::optional<diffusion::Shape> MapWeights::shape(const std::string& name) const {
  const auto found = tensors_.find(prefix_ + name);
  if (found == tensors_.end()) return std::nullopt;
  return found->second.sizes().vec();
}

at::Tensor MapWeights::get(const std::string& name) const {
  const auto found = tensors_.find(prefix_ + name);
  if (found == tensors_.end()) throw std::runtime_error("no tensor " + name);
  const at::Tensor x = half_ ? found->second.to(at::kHalf) : found->second;
  return x.to(at::kFloat).contiguous();
}

std::vector<std::string> MapWeights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_) {
    if (name.starts_with(prefix_)) names.push_back(name.substr(prefix_.size()));
  }
  return names;
}

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  const at::Tensor difference = (a.to(at::kDouble) - b.to(at::kDouble)).abs();
  const at::Tensor both_nan = a.isnan().logical_and(b.isnan());
  const double largest = difference.masked_fill(both_nan, 0).max().item<double>();
  return std::isnan(largest) ? std::numeric_limits<double>::infinity() : largest;
}

double measured(const std::string& group, double difference, double allowed) {
  static Report report;
  report.note(group, difference, allowed);
  return difference;
}

}  // namespace heddle::test

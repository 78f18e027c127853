#include "golden.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "ipc/base/json.h"

namespace kpm::render::golden {
namespace {

std::string folder() {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    if (source == nullptr) throw std::runtime_error("KPM_SOURCE_DIR is not set");
    return std::string(source) + "/tests/golden/kromosynth/";
}

// From the golden folder.
const std::string kSounds = "../../unit/render/sounds/";

std::string text_or_empty(const Json& object, const char* key) {
    return object.contains(key) ? object.at(key).get<std::string>() : std::string();
}

Rendering rendering_from(const Json& json) {
    Rendering r;
    r.request.sample_rate = json.at("sample_rate").get<double>();
    r.request.duration = json.at("duration").get<double>();
    r.request.note_delta = json.at("note_delta").get<double>();
    if (json.contains("note_ratio"))
        r.request.note_ratio =
            std::pair(json.at("note_ratio")[0].get<double>(), json.at("note_ratio")[1].get<double>());
    r.request.velocity = json.at("velocity").get<double>();
    r.request.reverse = json.at("reverse").get<bool>();
    r.request.use_overtone_inharmonicity_factors = json.at("inharmonicity").get<bool>();
    r.request.anti_aliasing = json.at("anti_aliasing").get<bool>();
    r.request.frequency_updates_apply_to_all = json.at("applies_to_all").get<bool>();
    r.final_file = text_or_empty(json, "final");
    r.legacy_file = text_or_empty(json, "legacy");
    r.noise_file = text_or_empty(json, "noise");
    r.patch_file = text_or_empty(json, "patch");
    if (!json.contains("cppn")) return r;
    const Json& cppn = json.at("cppn");
    r.cppn_file = cppn.at("file").get<std::string>();
    r.cppn_frames = cppn.at("frames").get<std::size_t>();
    for (const Json& c : cppn.at("channels"))
        r.channels.push_back({c.at("output").get<std::uint32_t>(), c.at("frequency").get<double>()});
    return r;
}

}  // namespace

std::string read(const std::string& file) {
    const std::string path = folder() + file;
    gzFile in = gzopen(path.c_str(), "rb");  // also reads files that are not compressed
    if (in == nullptr) throw std::runtime_error("cannot open " + path);
    std::string content;
    char part[65536];
    int count = 0;
    while ((count = gzread(in, part, sizeof part)) > 0) content.append(part, static_cast<std::size_t>(count));
    gzclose(in);
    if (count < 0 || content.empty()) throw std::runtime_error("cannot read " + path);
    return content;
}

std::vector<float> read_floats(const std::string& file) {
    const std::string bytes = read(file);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
}

Json read_json(const std::string& file) {
    return Json::parse(read(file));
}

Pitch Rendering::pitch() const {
    return {request.note_delta, request.note_ratio, request.use_overtone_inharmonicity_factors,
            request.frequency_updates_apply_to_all};
}

std::string Rendering::label() const {
    return fmt::format("{} Hz, {} s, note {}{}, velocity {}{}{}{}{}", request.sample_rate, request.duration,
                       request.note_delta, request.note_ratio ? " (ratio)" : "", request.velocity,
                       request.reverse ? ", reverse" : "",
                       request.use_overtone_inharmonicity_factors ? "" : ", no inharmonicity",
                       request.anti_aliasing ? ", anti-aliasing" : "",
                       request.frequency_updates_apply_to_all ? ", note applies to all" : "");
}

const std::vector<GenomeEntry>& genomes() {
    static const std::vector<GenomeEntry> entries = [] {
        std::vector<GenomeEntry> list;
        const Json index = read_json("index.json");
        for (const Json& g : index.at("genomes")) {
            GenomeEntry entry{g.at("id").get<std::string>(), g.at("genome").get<std::string>(), {}};
            for (const Json& r : g.at("renders")) entry.renderings.push_back(rendering_from(r));
            list.push_back(std::move(entry));
        }
        return list;
    }();
    return entries;
}

std::vector<Sound> sounds() {
    std::vector<Sound> list;
    const Json index = read_json(kSounds + "index.json");
    for (const Json& entry : index.at("renders")) {
        Sound sound{entry.at("genome").get<std::string>(), rendering_from(entry)};
        sound.rendering.final_file = kSounds + sound.rendering.final_file;
        list.push_back(std::move(sound));
    }
    return list;
}

std::vector<CorpusGenome> corpus() {
    const Json index = read_json("index.json").at("corpus");
    const auto frames = index.at("frames").get<std::ptrdiff_t>();
    const std::vector<float> raw = read_floats(index.at("raw").get<std::string>());
    std::istringstream lines(read(index.at("genomes").get<std::string>()));
    std::vector<CorpusGenome> list;
    auto begin = raw.begin();
    for (const Json& row : index.at("rows")) {
        CorpusGenome genome{row.at("id").get<std::string>(), "", row.at("noise").get<bool>(), {}};
        if (!std::getline(lines, genome.json) || raw.end() - begin < frames)
            throw std::runtime_error("the corpus ends before " + genome.id);
        genome.raw.assign(begin, begin + frames);
        begin += frames;
        list.push_back(std::move(genome));
    }
    return list;
}

RenderRequest corpus_request() {
    const Json index = read_json("index.json").at("corpus");
    RenderRequest request;
    request.sample_rate = index.at("sample_rate").get<double>();
    request.duration = index.at("duration").get<double>();
    request.note_delta = index.at("note_delta").get<double>();
    return request;
}

std::vector<NodeCase> node_cases() {
    std::vector<NodeCase> list;
    const Json index = read_json(kSounds + "index.json");
    for (const Json& c : index.at("node_cases"))
        list.push_back({c.at("name").get<std::string>(), c.at("channels").get<std::size_t>(),
                        c.at("frames").get<std::size_t>(), kSounds + c.at("file").get<std::string>()});
    return list;
}

std::vector<float> node_input(const std::string& name) {
    const bool is_new = name == "impulses" || name == "loud";
    return read_floats((is_new ? kSounds : "") + "nodes/in_" + name + ".f32.gz");
}

double max_error(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double error = std::abs(double{a[i]} - double{b[i]});
        if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
        worst = std::max(worst, error);
    }
    return worst;
}

}  // namespace kpm::render::golden

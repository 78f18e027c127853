#pragma once
// Reads the reference data in tests/golden/kromosynth and sounds/ (see their READMEs). Throws
// std::runtime_error when a file is missing or damaged: a test without its data must fail.

#include <string>
#include <vector>

#include "render-worker/genome/json_fwd.h"
#include "render-worker/genome/network_outputs.h"
#include "render-worker/renderer.h"

namespace kpm::render::golden {

std::string read(const std::string& file);  // relative to the golden folder; unzips .gz
std::vector<float> read_floats(const std::string& file);
Json read_json(const std::string& file);

struct Channel {
    std::uint32_t output = 0;
    double frequency = 0;
};

// One stored rendering of a genome; file names are empty where nothing is stored.
struct Rendering {
    RenderRequest request;
    std::string final_file;
    std::string legacy_file;  // all eight channels in one, without inharmonicity factors
    std::string noise_file;
    std::string patch_file;
    std::string cppn_file;
    std::size_t cppn_frames = 0;
    std::vector<Channel> channels;

    Pitch pitch() const;
    std::string label() const;
};

struct GenomeEntry {
    std::string id;
    std::string file;
    std::vector<Rendering> renderings;
};

const std::vector<GenomeEntry>& genomes();

// A stored sound of sounds/, with the genome that made it.
struct Sound {
    std::string genome_file;
    Rendering rendering;
};

std::vector<Sound> sounds();

// A genome of the corpus, and what its graph put out: the first channel before normalisation, for
// corpus_request().
struct CorpusGenome {
    std::string id;
    std::string json;
    bool has_noise = false;  // which is not recorded: `raw` cannot be reproduced
    std::vector<float> raw;
};

std::vector<CorpusGenome> corpus();
RenderRequest corpus_request();

// A small audio graph and what it puts out.
struct NodeCase {
    std::string name;
    std::size_t channels = 0;
    std::size_t frames = 0;
    std::string file;  // planar
};

std::vector<NodeCase> node_cases();

// One of the inputs of the node cases: "noise", "sine", "ramp", "sinc", "impulses", "loud".
std::vector<float> node_input(const std::string& name);

// The largest |a - b|; infinity when the lengths differ or a value is not finite.
double max_error(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace kpm::render::golden

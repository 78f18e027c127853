#pragma once
// One job -> samples: parses the genome, evaluates its network's outputs, runs its audio graph, normalises.
// No I/O; one Renderer may be used by one thread at a time.
// Reference: the semantics of kromosynth's batch path (see docs/render-worker.md).

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/dsp/noise.h"
#include "render-worker/dsp/quirks.h"

namespace kpm::render {

// Samples of a sound's signals.
struct SignalPart {
    std::size_t offset = 0;
    std::size_t count = 0;
};

// What becomes of the channels that the audio graph puts out.
enum class OutputStage {
    FirstChannel,     // the first one, min-max normalised when it left [-1, 1]
    FirstChannelRaw,  // the first one as the graph put it out, to compare with recordings made there
    Summed,           // see summed_output.h
};

struct Genome;

struct RenderRequest {
    double duration = 1;    // seconds
    double note_delta = 0;  // semitones
    std::optional<std::pair<double, double>>
        note_ratio;              // noteDelta given as {r1, r2}: f · r1 · r2, in its place
    double velocity = 1;         // scales the periodic input
    double sample_rate = 48000;  // Hz
    bool reverse = false;
    bool use_overtone_inharmonicity_factors = true;
    bool frequency_updates_apply_to_all = false;
    bool anti_aliasing = false;  // refused unless Quirks::anti_aliasing_unreliable is off
    // Only this part of the signals is computed (sampleOffset, sampleCountToActivate). It is put where the
    // sound begins, and envelopes run over its length; the sound keeps its own length.
    std::optional<SignalPart> part;
    OutputStage output = OutputStage::FirstChannel;
    std::size_t channels = 2;  // that the graph puts out, 1 to 8
};

struct RenderedSound {
    std::vector<float> samples;  // mono, as RenderRequest::output says
    double sample_rate = 48000;
};

class Renderer {
public:
    // `evaluator` and `noise` must outlive the renderer. Without `noise` every render of a genome has the
    // same noise. Up to `threads` evaluate networks, the caller's among them, if the evaluator lets them:
    // each a frequency. The sound is the same to the bit.
    explicit Renderer(CppnEvaluator& evaluator, Quirks quirks = {}, NoiseSource* noise = nullptr,
                      std::size_t threads = 1)
        : evaluator_(evaluator), quirks_(quirks), noise_(noise), threads_(threads) {}

    // `genome` is the JSON of a genome in any wrapping (object, or a string that holds JSON).
    // At least 2 samples, at most 10 minutes. Errors: Invalid for bad genomes and requests (a node that
    // cannot be made is named); Unavailable when cancelled; whatever the evaluator reports.
    Result<RenderedSound> render(const Json& genome, const RenderRequest& request,
                                 const CancelFlag& cancelled);
    // The same for one that is decoded already (genome/genome.h).
    Result<RenderedSound> render_decoded(const Genome& genome, const RenderRequest& request,
                                         const CancelFlag& cancelled);

private:
    CppnEvaluator& evaluator_;
    Quirks quirks_;
    NoiseSource* noise_;
    std::size_t threads_;
};

// 16-bit PCM, little endian: floor(clamp(y, -1, 1) · 32767 + 0.5), NaN becomes 0.
std::string to_pcm16(const std::vector<float>& samples);

}  // namespace kpm::render

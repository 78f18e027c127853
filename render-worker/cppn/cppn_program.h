#pragma once
// A decoded CPPN (compositional pattern-producing network) as a flat program, and the seam to what runs it.
// The genome's decoder makes a CppnProgram once per network; a CppnEvaluator (CPU in double, or GPU in float)
// runs it for one frequency at a time. Values are dimensionless; the signals are in -1..1 for all activations
// but Linear.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/cppn/cancel_flag.h"

namespace kpm::render {

// The 13 functions of the genomes. The GPU shader numbers them in this order: never renumber.
enum class Activation : std::uint8_t {
    Sine,            // sin x
    Sine2,           // sin 2x
    Cosine,          // cos x
    ArcTangent,      // atan x
    Triangle,        // (2/pi) asin(sin x)
    Sawtooth,        // u = x/2pi; 2 (u - floor(0.5 + u))
    Step,            // x <= 0 ? -1 : 1
    Spike,           // f = floor x, r = x - f; f even ? 1 - 2r : -1 + 2r
    BipolarSigmoid,  // 2 / (1 + e^-4.9x) - 1
    PlainSigmoid,    // 1 / (1 + e^-x)
    Gaussian,        // 2 e^-(2.5x)^2 - 1
    Linear,          // |x|
    Null,            // 0
};

// Slots hold one value each per sample. Slots 0 … bias_count-1 are 1, the next input_count are the inputs
// (first: e, second: x, further ones 0); each step then writes its own slot, in an order in which every
// source of a step is written before it. A node without incoming edges has the sum 0. Edges that close a
// cycle are left out (they contribute 0), `recurrent` tells that there were some.
struct CppnProgram {
    struct Edge {
        std::uint32_t source = 0;  // slot
        double weight = 0;
    };
    struct Step {
        Activation activation = Activation::Null;
        std::uint32_t slot = 0;
        std::uint32_t first_edge = 0;
        std::uint32_t edge_count = 0;
    };

    std::uint32_t bias_count = 0;
    std::uint32_t input_count = 0;
    std::uint32_t slot_count = 0;
    std::vector<Edge> edges;
    std::vector<Step> steps;
    std::vector<std::uint32_t> output_slots;  // output k -> slot
    bool recurrent = false;
};

// What the inputs are made of, for samples i = 0 … sample_count-1 of a sound:
//   x_i = -1 + 2 (i + offset) / (total - 1),
//   e_i = velocity · sin(P x_i),  P = frequency · total / sample_rate.
struct SignalSpec {
    double frequency = 440;  // Hz, may be negative
    double sample_rate = 48000;
    std::size_t sample_count = 0;
    std::size_t offset = 0;
    std::size_t total = 0;  // samples of the whole sound, normally = sample_count
    double velocity = 1;
    bool exact = false;  // wanted in double precision: what it feeds adds up its errors
};

// The inputs e and x of samples [first, first + e.size()), in double; both spans have the same length.
void fill_inputs(const SignalSpec& spec, std::size_t first, std::span<double> e, std::span<double> x);

struct BackendInfo {
    std::string name;         // "cpu" or "gles"
    std::string device;       // e.g. the GL renderer string
    bool exact = false;       // double precision, bit-equal to the reference
    bool concurrent = false;  // evaluate() may be called by several threads at the same time
};

class CppnEvaluator {
public:
    virtual ~CppnEvaluator() = default;
    // One vector of sample_count floats per entry of `outputs` (indices into output_slots), in its order.
    // Errors: Invalid (output out of range, program not runnable here), Unavailable (cancelled; device lost).
    virtual Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                             std::span<const std::uint32_t> outputs,
                                                             const SignalSpec& spec,
                                                             const CancelFlag& cancelled) = 0;
    virtual BackendInfo info() const = 0;
};

}  // namespace kpm::render

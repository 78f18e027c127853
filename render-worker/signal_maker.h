#pragma once
// The signals of a patch's network outputs: evaluates every network once per frequency, for all the outputs
// wanted there, or takes noise. Reverses and filters them as the request says. The frequencies are spread
// over threads, if the evaluator lets several in; no sample depends on which. Used for one render.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/dsp/noise.h"
#include "render-worker/dsp/quirks.h"
#include "render-worker/genome/network.h"
#include "render-worker/genome/network_outputs.h"
#include "render-worker/graph/audio_param.h"
#include "render-worker/renderer.h"

namespace kpm::render {

// cannot render 'genome': <reason>
Error refused(std::string_view reason);

// Of the whole sound: duration · sample rate, half up, as JavaScript rounds.
std::size_t sound_samples(const RenderRequest& request);
// Of the part that is asked for.
std::size_t signal_samples(const RenderRequest& request);

class SignalMaker {
public:
    // All must outlive the maker.
    SignalMaker(CppnEvaluator& evaluator, NoiseSource& noise, const WaveNetwork& network,
                const RenderRequest& request, const Quirks& quirks, const CancelFlag& cancelled,
                std::size_t threads)
        : evaluator_(evaluator),
          noise_(noise),
          network_(network),
          request_(request),
          quirks_(quirks),
          cancelled_(cancelled),
          threads_(threads) {}

    // One signal per output. Errors: Invalid (the network lacks what the patch uses), and the evaluator's:
    // the first one ends the other evaluations. So does an exception, which comes out here.
    Result<std::vector<Curve>> make(const std::vector<NetworkOutput>& outputs);

private:
    // What one evaluation gives: `wanted` outputs, in order, for the signals `members`.
    struct Group {
        const CppnProgram* program = nullptr;
        double frequency = 0;
        bool exact = false;
        std::vector<std::size_t> members;
        std::vector<std::uint32_t> wanted;
    };

    // Makes the signals that are noise.
    Result<std::vector<Group>> grouped(const std::vector<NetworkOutput>& outputs,
                                       std::vector<Curve>& signals);
    Result<void> evaluate(const Group& group, const std::vector<NetworkOutput>& outputs,
                          std::vector<Curve>& signals, const CancelFlag& stop);

    CppnEvaluator& evaluator_;
    NoiseSource& noise_;
    const WaveNetwork& network_;
    const RenderRequest& request_;
    const Quirks& quirks_;
    const CancelFlag& cancelled_;
    std::size_t threads_;
};

}  // namespace kpm::render

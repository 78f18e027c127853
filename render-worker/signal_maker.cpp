#include "render-worker/signal_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "render-worker/dsp/anti_aliasing.h"

namespace kpm::render {

Error refused(std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot render 'genome': {}", reason)};
}

std::size_t sound_samples(const RenderRequest& request) {
    return static_cast<std::size_t>(std::floor(request.sample_rate * request.duration + 0.5));
}

std::size_t signal_samples(const RenderRequest& request) {
    return request.part ? request.part->count : sound_samples(request);
}

namespace {

// The phase of an oscillator is the sum of all its frequencies so far: the error of float32, 1e-7 of each
// sample, was 0.3 of a sound after a quarter of a second.
bool feeds_phase(const NetworkOutput& output) {
    return std::ranges::any_of(output.connections, [](const NetworkOutput::Connection& connection) {
        return connection.parameter == "frequency" || connection.parameter == "detune";
    });
}

}  // namespace

Result<std::vector<Curve>> SignalMaker::make(const std::vector<NetworkOutput>& outputs) {
    std::vector<Curve> signals(outputs.size());
    const bool is_exact = evaluator_.info().exact;
    std::map<std::tuple<const CppnProgram*, double, bool>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].kind != SignalKind::Network) {
            auto noise = noise_.make(outputs[i].kind, signal_samples(request_));
            signals[i] = std::make_shared<const std::vector<float>>(std::move(noise));
            continue;
        }
        if (network_.empty()) return refused("it has no waveNetwork, but its patch uses one");
        if (!std::isfinite(outputs[i].frequency)) return refused("a transposed frequency is out of range");
        groups[{&network_.for_frequency(outputs[i].base_frequency), outputs[i].frequency,
                !is_exact && feeds_phase(outputs[i])}]
            .push_back(i);
    }
    for (const auto& [key, members] : groups) {
        const auto& [program, frequency, exact] = key;
        if (auto done = evaluate(*program, frequency, exact, members, outputs, signals); !done)
            return done.error();
    }
    return signals;
}

Result<void> SignalMaker::evaluate(const CppnProgram& program, double frequency, bool exact,
                                   const std::vector<std::size_t>& members,
                                   const std::vector<NetworkOutput>& outputs, std::vector<Curve>& signals) {
    std::vector<std::uint32_t> wanted;
    for (std::size_t member : members) wanted.push_back(outputs[member].index);
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    if (wanted.back() >= program.output_slots.size())
        return refused(fmt::format("its patch uses output {} of a network with {} outputs", wanted.back(),
                                   program.output_slots.size()));

    const std::size_t times = request_.anti_aliasing ? 2 : 1;
    SignalSpec spec;
    spec.frequency = frequency;
    spec.sample_rate = request_.sample_rate;
    spec.sample_count = times * signal_samples(request_);
    spec.offset = request_.part ? times * request_.part->offset : 0;
    spec.total = times * sound_samples(request_);
    spec.velocity = request_.velocity;
    spec.exact = exact;
    auto evaluated = evaluator_.evaluate(program, wanted, spec, cancelled_);
    if (!evaluated) return std::move(evaluated).error();

    std::vector<Curve> curves;
    for (auto& samples : *evaluated) {
        if (request_.anti_aliasing) samples = anti_aliased(samples, request_.sample_rate, quirks_);
        if (request_.reverse) std::reverse(samples.begin(), samples.end());
        curves.push_back(std::make_shared<const std::vector<float>>(std::move(samples)));
    }
    for (std::size_t member : members) {
        const auto place = std::lower_bound(wanted.begin(), wanted.end(), outputs[member].index);
        signals[member] = curves[static_cast<std::size_t>(place - wanted.begin())];
    }
    return {};
}

}  // namespace kpm::render

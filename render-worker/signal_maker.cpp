#include "render-worker/signal_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "render-worker/cppn/parallel.h"
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
    const auto groups = grouped(outputs, signals);
    if (!groups) return groups.error();
    CancelFlag stop(&cancelled_);
    std::mutex mutex;
    std::optional<Error> first_error;
    for_each_index(groups->size(), evaluator_.info().concurrent ? threads_ : 1, stop, [&](std::size_t index) {
        const auto done = evaluate((*groups)[index], outputs, signals, stop);
        if (done) return;
        const std::lock_guard lock(mutex);
        if (!first_error) first_error = done.error();  // those that follow were called off by it
        stop.store(true);
    });
    if (first_error) return *std::move(first_error);
    if (cancelled_) return Error{ErrorCode::Unavailable, "cannot render 'genome': cancelled"};
    return signals;
}

Result<std::vector<SignalMaker::Group>> SignalMaker::grouped(const std::vector<NetworkOutput>& outputs,
                                                             std::vector<Curve>& signals) {
    const bool is_exact = evaluator_.info().exact;
    std::map<std::tuple<const CppnProgram*, double, bool>, Group> groups;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].kind != SignalKind::Network) {
            auto noise = noise_.make(outputs[i].kind, signal_samples(request_));
            signals[i] = std::make_shared<const std::vector<float>>(std::move(noise));
            continue;
        }
        if (network_.empty()) return refused("it has no waveNetwork, but its patch uses one");
        if (!std::isfinite(outputs[i].frequency)) return refused("a transposed frequency is out of range");
        const CppnProgram& program = network_.for_frequency(outputs[i].base_frequency);
        if (outputs[i].index >= program.output_slots.size())
            return refused(fmt::format("its patch uses output {} of a network with {} outputs",
                                       outputs[i].index, program.output_slots.size()));
        const bool exact = !is_exact && feeds_phase(outputs[i]);
        Group& group = groups[{&program, outputs[i].frequency, exact}];
        group.program = &program;
        group.frequency = outputs[i].frequency;
        group.exact = exact;
        group.members.push_back(i);
        group.wanted.push_back(outputs[i].index);
    }
    std::vector<Group> list;
    for (auto& [_, group] : groups) {
        std::sort(group.wanted.begin(), group.wanted.end());
        group.wanted.erase(std::unique(group.wanted.begin(), group.wanted.end()), group.wanted.end());
        list.push_back(std::move(group));
    }
    return list;
}

Result<void> SignalMaker::evaluate(const Group& group, const std::vector<NetworkOutput>& outputs,
                                   std::vector<Curve>& signals, const CancelFlag& stop) {
    const std::size_t times = request_.anti_aliasing ? 2 : 1;
    SignalSpec spec;
    spec.frequency = group.frequency;
    spec.sample_rate = request_.sample_rate;
    spec.sample_count = times * signal_samples(request_);
    spec.offset = request_.part ? times * request_.part->offset : 0;
    spec.total = times * sound_samples(request_);
    spec.velocity = request_.velocity;
    spec.exact = group.exact;
    auto evaluated = evaluator_.evaluate(*group.program, group.wanted, spec, stop);
    if (!evaluated) return std::move(evaluated).error();

    std::vector<Curve> curves;
    for (auto& samples : *evaluated) {
        if (request_.anti_aliasing) samples = anti_aliased(samples, request_.sample_rate, quirks_);
        if (request_.reverse) std::reverse(samples.begin(), samples.end());
        curves.push_back(std::make_shared<const std::vector<float>>(std::move(samples)));
    }
    for (std::size_t member : group.members) {
        const auto place = std::lower_bound(group.wanted.begin(), group.wanted.end(), outputs[member].index);
        signals[member] = curves[static_cast<std::size_t>(place - group.wanted.begin())];
    }
    return {};
}

}  // namespace kpm::render

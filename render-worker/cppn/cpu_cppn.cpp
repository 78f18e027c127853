#include "render-worker/cppn/cpu_cppn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "render-worker/cppn/activations.h"

namespace kpm::render {
namespace {

constexpr std::size_t kBlock = 256;  // 2 KiB a slot: some dozens of slots stay in the first-level cache

class BlockRunner {
public:
    BlockRunner(const CppnProgram& program, std::span<const std::uint32_t> output_slots)
        : program_(program), values_(program.slot_count * kBlock, 0.0) {
        std::fill_n(values_.begin(), program.bias_count * kBlock, 1.0);
        std::vector<bool> needed(program.slot_count, false);
        for (std::uint32_t slot : output_slots) needed[slot] = true;
        for (auto step = program.steps.rbegin(); step != program.steps.rend(); ++step) {
            if (!needed[step->slot]) continue;
            steps_.push_back(*step);
            for (std::uint32_t k = 0; k < step->edge_count; ++k)
                needed[program.edges[step->first_edge + k].source] = true;
        }
        std::reverse(steps_.begin(), steps_.end());
    }

    std::span<double> slot(std::uint32_t index, std::size_t count) {
        return std::span(values_).subspan(index * kBlock, count);
    }

    void run(const SignalSpec& spec, std::size_t first, std::size_t count) {
        std::array<double, kBlock> e, x;
        fill_inputs(spec, first, std::span(e).first(count), std::span(x).first(count));
        if (program_.input_count > 0) std::copy_n(e.begin(), count, slot(program_.bias_count, count).begin());
        if (program_.input_count > 1)
            std::copy_n(x.begin(), count, slot(program_.bias_count + 1, count).begin());
        for (const auto& step : steps_) {
            const auto sums = slot(step.slot, count);
            std::fill(sums.begin(), sums.end(), 0.0);
            for (std::uint32_t k = 0; k < step.edge_count; ++k)
                add(program_.edges[step.first_edge + k], sums);
            activate(step.activation, sums);
        }
    }

private:
    void add(const CppnProgram::Edge& edge, std::span<double> sums) {
        const double* __restrict source = values_.data() + edge.source * kBlock;
        double* __restrict sum = sums.data();
        for (std::size_t i = 0; i < sums.size(); ++i) sum[i] += source[i] * edge.weight;
    }

    const CppnProgram& program_;
    std::vector<CppnProgram::Step> steps_;
    std::vector<double> values_;  // slot after slot, kBlock values each
};

}  // namespace

Result<std::vector<std::vector<float>>> CpuCppn::evaluate(const CppnProgram& program,
                                                          std::span<const std::uint32_t> outputs,
                                                          const SignalSpec& spec,
                                                          const CancelFlag& cancelled) {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t output : outputs) {
        if (output >= program.output_slots.size())
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot evaluate output {}: the network has {} outputs", output,
                                     program.output_slots.size())};
        slots.push_back(program.output_slots[output]);
    }

    BlockRunner runner(program, slots);
    std::vector<std::vector<float>> signals(outputs.size(), std::vector<float>(spec.sample_count));
    for (std::size_t first = 0; first < spec.sample_count; first += kBlock) {
        if (cancelled) return Error{ErrorCode::Unavailable, "cannot evaluate network: cancelled"};
        const std::size_t count = std::min(kBlock, spec.sample_count - first);
        runner.run(spec, first, count);
        for (std::size_t k = 0; k < slots.size(); ++k) {
            const auto values = runner.slot(slots[k], count);
            std::transform(values.begin(), values.end(),
                           signals[k].begin() + static_cast<std::ptrdiff_t>(first),
                           [](double value) { return static_cast<float>(value); });
        }
    }
    return signals;
}

}  // namespace kpm::render

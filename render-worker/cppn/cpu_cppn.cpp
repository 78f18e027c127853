#include "render-worker/cppn/cpu_cppn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "render-worker/cppn/activations.h"
#include "render-worker/cppn/block_math.h"
#include "render-worker/cppn/needed_slots.h"

namespace kpm::render {
namespace {

constexpr std::size_t kBlock = 256;  // 2 KiB a slot: some dozens of slots stay in the first-level cache

class BlockRunner {
public:
    BlockRunner(const CppnProgram& program, std::span<const std::uint32_t> outputs)
        : program_(program), values_(program.slot_count * kBlock, 0.0), terms_(program.edges.size()) {
        std::fill_n(values_.begin(), program.bias_count * kBlock, 1.0);
        for (std::size_t k = 0; k < terms_.size(); ++k)
            terms_[k] = {values_.data() + program.edges[k].source * kBlock, program.edges[k].weight};
        take_steps(outputs);
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
        for (const auto& step : steps_) run(step, count);
    }

private:
    // Keeps those that the outputs need. Those that no varying input reaches are run here, once.
    void take_steps(std::span<const std::uint32_t> outputs) {
        const std::vector<bool> needed = needed_slots(program_, outputs);
        std::ranges::copy_if(program_.steps, std::back_inserter(steps_),
                             [&](const CppnProgram::Step& step) { return needed[step.slot]; });

        std::vector<bool> varies(program_.slot_count, false);
        for (std::uint32_t k = 0; k < std::min(program_.input_count, kVarying); ++k)
            varies[program_.bias_count + k] = true;
        std::erase_if(steps_, [&](const CppnProgram::Step& step) {
            for (std::uint32_t k = 0; k < step.edge_count; ++k)
                if (varies[program_.edges[step.first_edge + k].source]) varies[step.slot] = true;
            if (!varies[step.slot]) run(step, kBlock);
            return !varies[step.slot];
        });
    }

    void run(const CppnProgram::Step& step, std::size_t count) {
        const auto sums = slot(step.slot, count);
        weighted_sum_block(std::span(terms_).subspan(step.first_edge, step.edge_count), sums);
        activate(step.activation, sums);
    }

    static constexpr std::uint32_t kVarying = 2;  // inputs: e and x, all further ones are 0

    const CppnProgram& program_;
    std::vector<CppnProgram::Step> steps_;
    std::vector<double> values_;        // slot after slot, kBlock values each
    std::vector<WeightedBlock> terms_;  // of the program's edges
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

    BlockRunner runner(program, outputs);
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

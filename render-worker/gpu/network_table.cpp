#include "render-worker/gpu/network_table.h"

#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "render-worker/cppn/needed_slots.h"

namespace kpm::render {
namespace {

constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();

GpuError bad_network(std::string detail) {
    return {GpuErrc::BadNetwork, std::move(detail)};
}

// Which step writes each slot; first checks that every source is written before it is read.
GpuResult<std::vector<std::uint32_t>> writers(const CppnProgram& program) {
    const std::uint64_t given = std::uint64_t{program.bias_count} + program.input_count;
    if (given > program.slot_count) return bad_network("fewer slots than bias nodes and inputs");
    std::vector<std::uint32_t> writer(program.slot_count, kNoSlot);
    for (std::uint32_t s = 0; s < program.steps.size(); ++s) {
        const auto& step = program.steps[s];
        if (step.slot < given || step.slot >= program.slot_count || writer[step.slot] != kNoSlot)
            return bad_network(fmt::format("step {} writes the slot {}", s, step.slot));
        if (step.activation > Activation::Null)
            return bad_network(fmt::format("step {} has no activation", s));
        if (step.first_edge > program.edges.size() ||
            step.edge_count > program.edges.size() - step.first_edge)
            return bad_network(fmt::format("edges of step {} are out of range", s));
        for (std::uint32_t k = 0; k < step.edge_count; ++k) {
            const auto& edge = program.edges[step.first_edge + k];
            const bool written =
                edge.source < given || (edge.source < program.slot_count && writer[edge.source] != kNoSlot);
            if (!written)
                return bad_network(fmt::format("step {} reads the slot {} too early", s, edge.source));
            if (!std::isfinite(static_cast<float>(edge.weight)))
                return bad_network(fmt::format("step {} has a weight beyond float32", s));
        }
        writer[step.slot] = s;
    }
    return writer;
}

}  // namespace

GpuResult<NetworkTable> pack_network(const CppnProgram& program, std::span<const std::uint32_t> outputs) {
    if (program.recurrent) return bad_network("recurrent networks run on the CPU only");
    if (outputs.empty()) return bad_network("no output is asked for");
    auto writer = writers(program);
    if (!writer) return writer.error();

    const std::uint32_t given = program.bias_count + program.input_count;
    for (std::uint32_t output : outputs) {
        if (output >= program.output_slots.size())
            return bad_network(fmt::format("there is no output {}", output));
        const std::uint32_t slot = program.output_slots[output];
        if (slot >= program.slot_count || (slot >= given && (*writer)[slot] == kNoSlot))
            return bad_network(fmt::format("output {} is never written", output));
    }

    NetworkTable table;
    table.bias_count = program.bias_count;
    table.input_count = program.input_count;
    table.output_count = static_cast<std::uint32_t>(outputs.size());
    const std::vector<bool> needed = needed_slots(program, outputs);
    std::vector<std::uint32_t> renumbered(program.slot_count, kNoSlot);
    for (std::uint32_t slot = 0; slot < given; ++slot) renumbered[slot] = slot;
    std::uint32_t next_slot = given;
    for (const auto& step : program.steps) {
        if (!needed[step.slot]) continue;
        const auto first_edge = static_cast<std::uint32_t>(table.edges.size());
        for (std::uint32_t k = 0; k < step.edge_count; ++k) {
            const auto& edge = program.edges[step.first_edge + k];
            table.edges.push_back(
                {renumbered[edge.source], std::bit_cast<std::uint32_t>(static_cast<float>(edge.weight))});
        }
        renumbered[step.slot] = next_slot;
        table.nodes.push_back(
            {static_cast<std::uint32_t>(step.activation), next_slot, first_edge, step.edge_count});
        ++next_slot;
    }
    table.step_count = static_cast<std::uint32_t>(table.nodes.size());
    for (std::uint32_t output : outputs)
        table.nodes.push_back({renumbered[program.output_slots[output]], 0, 0, 0});

    for (std::uint32_t size : kSlotSizes)
        if (table.slot_size == 0 && next_slot <= size) table.slot_size = size;
    if (table.slot_size == 0)
        return bad_network(fmt::format("{} nodes, the GPU takes at most 1024", next_slot));
    if (table.edges.size() > kMaxEdges)
        return bad_network(
            fmt::format("{} connections, the GPU takes at most {}", table.edges.size(), kMaxEdges));
    return table;
}

}  // namespace kpm::render

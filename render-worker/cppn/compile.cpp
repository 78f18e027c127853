#include "render-worker/cppn/compile.h"

#include <cassert>
#include <unordered_map>

namespace kpm::render {
namespace {

enum class Mark : std::uint8_t { Unseen, Open, Done };

class Compiler {
public:
    explicit Compiler(const CppnNetwork& network)
        : network_(network),
          incoming_(network.activations.size()),
          marks_(network.activations.size(), Mark::Unseen) {
        std::unordered_map<std::uint64_t, double> weights;
        for (const auto& c : network.connections) weights[key(c.source, c.target)] = c.weight;
        for (const auto& c : network.connections)
            incoming_[c.target].push_back({c.source, weights[key(c.source, c.target)]});
        for (std::uint32_t i = 0; i < given(); ++i) marks_[i] = Mark::Done;
    }

    CppnProgram run() {
        program_.bias_count = network_.bias_count;
        program_.input_count = network_.input_count;
        program_.slot_count = static_cast<std::uint32_t>(network_.activations.size());
        for (std::uint32_t k = 0; k < network_.output_count; ++k) {
            program_.output_slots.push_back(given() + k);
            visit(given() + k);
        }
        return std::move(program_);
    }

private:
    struct Frame {
        std::uint32_t node = 0;
        std::size_t next = 0;                  // position in incoming_[node]
        std::vector<CppnProgram::Edge> edges;  // those kept so far
    };

    static std::uint64_t key(std::uint32_t source, std::uint32_t target) {
        return std::uint64_t{source} << 32 | target;
    }
    std::uint32_t given() const { return network_.bias_count + network_.input_count; }

    // Depth first with an own stack: a chain of ten thousand nodes must not need ten thousand call frames.
    void visit(std::uint32_t root) {
        if (marks_[root] != Mark::Unseen) return;
        std::vector<Frame> stack;
        open(stack, root);
        while (!stack.empty()) {
            Frame& frame = stack.back();
            const auto& incoming = incoming_[frame.node];
            if (frame.next == incoming.size()) {
                finish(frame);
                stack.pop_back();
                continue;
            }
            const CppnProgram::Edge& edge = incoming[frame.next];
            if (marks_[edge.source] == Mark::Unseen) {
                open(stack, edge.source);
                continue;
            }
            ++frame.next;
            if (marks_[edge.source] == Mark::Done)
                frame.edges.push_back(edge);
            else
                program_.recurrent = true;
        }
    }

    void open(std::vector<Frame>& stack, std::uint32_t node) {
        marks_[node] = Mark::Open;
        stack.push_back({node, 0, {}});
    }

    void finish(const Frame& frame) {
        marks_[frame.node] = Mark::Done;
        program_.steps.push_back({network_.activations[frame.node], frame.node,
                                  static_cast<std::uint32_t>(program_.edges.size()),
                                  static_cast<std::uint32_t>(frame.edges.size())});
        program_.edges.insert(program_.edges.end(), frame.edges.begin(), frame.edges.end());
    }

    const CppnNetwork& network_;
    std::vector<std::vector<CppnProgram::Edge>> incoming_;
    std::vector<Mark> marks_;
    CppnProgram program_;
};

}  // namespace

CppnProgram compile(const CppnNetwork& network) {
    assert(network.bias_count + network.input_count + network.output_count <= network.activations.size());
    return Compiler(network).run();
}

}  // namespace kpm::render

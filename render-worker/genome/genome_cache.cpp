#include "render-worker/genome/genome_cache.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "ipc/base/json.h"

namespace kpm::render {
namespace {

constexpr std::size_t kTreeNode = 80;  // of a std::map, with its allocation

template <class T>
std::size_t memory_of(const std::vector<T>& values) {
    return values.capacity() * sizeof(T);
}

std::size_t memory_of(const std::string& text) {
    return text.capacity() > sizeof(std::string) / 2 ? text.capacity() : 0;
}

}  // namespace

std::size_t memory_of(const Genome& genome) {
    std::size_t bytes = sizeof genome + memory_of(genome.network.entries()) + memory_of(genome.patch.nodes) +
                        memory_of(genome.patch.connections);
    for (const WaveNetwork::Entry& entry : genome.network.entries())
        bytes += memory_of(entry.program.edges) + memory_of(entry.program.steps) +
                 memory_of(entry.program.output_slots);
    for (const PatchNode& node : genome.patch.nodes) {
        bytes += memory_of(node.id) + memory_of(node.name) + (node.type ? memory_of(*node.type) : 0);
        for (const auto& [name, number] : node.numbers) bytes += kTreeNode + memory_of(name);
    }
    for (const PatchConnection& connection : genome.patch.connections)
        bytes +=
            memory_of(connection.source) + memory_of(connection.target) + memory_of(connection.parameter);
    return bytes;
}

Result<std::shared_ptr<const Genome>> GenomeCache::get(const Json& json) {
    std::string written;
    if (!json.is_string()) written = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    const std::string& text = json.is_string() ? json.get_ref<const std::string&>() : written;
    const std::size_t hash = std::hash<std::string>{}(text);
    const auto known = std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.hash == hash && entry.text == text; });
    if (known != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, known);
        return entries_.front().genome;
    }
    auto parsed = parse_genome(json);
    if (!parsed) return std::move(parsed).error();
    const auto genome = std::make_shared<const Genome>(*std::move(parsed));
    const std::size_t bytes = sizeof(Entry) + text.size() + memory_of(*genome);
    if (limits_.genomes == 0 || bytes > limits_.bytes) return genome;
    entries_.push_front({hash, text, genome, bytes});
    bytes_ += bytes;
    while (entries_.size() > limits_.genomes || bytes_ > limits_.bytes) {
        bytes_ -= entries_.back().bytes;
        entries_.pop_back();
    }
    return genome;
}

}  // namespace kpm::render

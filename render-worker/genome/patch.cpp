#include "render-worker/genome/patch.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "ipc/base/json.h"
#include "render-worker/genome/fields.h"
#include "render-worker/genome/genome_error.h"
#include "render-worker/genome/json_text.h"

namespace kpm::render {
namespace {

constexpr std::size_t kMaxNodes = 2'000;
constexpr std::size_t kMaxConnections = 10'000;

constexpr std::array kNumberKeys = {
    "gain",      "frequency", "detune", "noteOffset", "partialNumber", "inharmonicityFactor", "delayTime",
    "threshold", "knee",      "ratio",  "attack",     "release",       "feedbackRatio",       "q"};

// The element itself, or what its text holds (kept in `storage`).
const Json& unquoted(const Json& element, const std::string& place, Json& storage, Fault& fault) {
    if (!element.is_string()) return element;
    auto parsed = parse_json_text(element.get_ref<const std::string&>(), place);
    if (!parsed)
        fault.set(place, "not valid JSON");
    else
        storage = std::move(*parsed);
    return storage;
}

PatchNode decode_node(const Fields& fields) {
    PatchNode node;
    if (auto id = fields.id("id"))
        node.id = std::move(*id);
    else
        fields.fault("id", "missing");
    if (auto name = fields.text("name"))
        node.name = std::move(*name);
    else
        fields.fault("name", "missing");
    node.type = fields.id("type");
    for (const char* key : kNumberKeys)
        if (const auto value = fields.number(key)) node.numbers.emplace(key, *value);
    return node;
}

std::optional<std::pair<double, double>> decode_range(const Fields& fields) {
    const Json* range = fields.find("targetParameterRange");
    if (range == nullptr) return std::nullopt;
    if (range->is_array() && range->size() == 2) {
        const auto low = finite_number((*range)[0]);
        const auto high = finite_number((*range)[1]);
        if (low && high) return std::pair(*low, *high);
    }
    fields.fault("targetParameterRange", "not two finite numbers");
    return std::nullopt;
}

PatchConnection decode_connection(const Fields& fields) {
    PatchConnection connection;
    if (auto source = fields.id("sourceNode"))
        connection.source = std::move(*source);
    else
        fields.fault("sourceNode", "missing");
    if (auto target = fields.id("targetNode"))
        connection.target = std::move(*target);
    else
        fields.fault("targetNode", "missing");
    const Json* target = fields.find("targetNode");
    connection.to_destination = target != nullptr && target->is_number() && connection.target == "0";
    connection.parameter = fields.text("targetParameter").value_or("");
    connection.range = decode_range(fields);
    connection.weight = fields.number("weight").value_or(1);
    return connection;
}

template <class Item, class Decode>
std::vector<Item> decode_list(const Fields& patch, std::string_view key, std::size_t max, Fault& fault,
                              Decode decode) {
    std::vector<Item> items;
    const Json& list = patch.list(key, max);
    for (std::size_t i = 0; i < list.size() && !fault; ++i) {
        const std::string place = fmt::format("{}[{}]", patch.place(key), i);
        Json storage;
        const Json& element = unquoted(list[i], place, storage, fault);
        items.push_back(decode(Fields(element, place, fault)));
    }
    return items;
}

void refuse_repeated_ids(const Patch& patch, Fault& fault) {
    std::set<std::string_view> seen;
    for (const PatchNode& node : patch.nodes)
        if (!seen.insert(node.id).second)
            fault.set("asNEATPatch.nodes", fmt::format("id {} occurs twice", in_quotes(node.id)));
}

}  // namespace

std::optional<double> PatchNode::number(std::string_view key) const {
    const auto it = numbers.find(key);
    return it == numbers.end() ? std::nullopt : std::optional(it->second);
}

double PatchNode::number_or(std::string_view key, double otherwise) const {
    const double value = number(key).value_or(0);
    return value != 0 ? value : otherwise;
}

Result<Patch> parse_patch(const Json& as_neat_patch) {
    Json value = as_neat_patch;
    for (int quotes = 0; quotes < 2 && value.is_string(); ++quotes) {
        auto inner = parse_json_text(value.get_ref<const std::string&>(), "asNEATPatch");
        if (!inner) return std::move(inner).error();
        value = std::move(*inner);
    }

    Fault fault;
    const Fields fields(value, "asNEATPatch", fault);
    Patch patch;
    patch.nodes = decode_list<PatchNode>(fields, "nodes", kMaxNodes, fault, decode_node);
    patch.connections =
        decode_list<PatchConnection>(fields, "connections", kMaxConnections, fault, decode_connection);
    refuse_repeated_ids(patch, fault);
    if (fault) return fault.error();
    return patch;
}

}  // namespace kpm::render

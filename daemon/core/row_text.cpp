#include "daemon/core/row_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

#include "daemon/core/config_text.h"
#include "daemon/core/state_members.h"
#include "ecosystem/schema.h"
#include "ecosystem/wire_text.h"
#include "ipc/base/json_text.h"

namespace kpm::core {
namespace {

using ecosystem::AppConfig;
using ecosystem::Field;
using Names = std::vector<std::string_view>;

// `env`, and beside it each variable that no other member has the name of. `own` are PM2's
// entries, which win.
void append_variables(std::string& text, const ecosystem::Environment& variables, const Json& own,
                      const Names& taken) {
    std::string beside;
    append_key(text, "env");
    text += '{';
    append_members(text, own);
    for (const auto& [name, value] : variables) {
        if (own.contains(name)) continue;
        if (!text.ends_with('{')) text += ',';
        const std::size_t begin = text.size();
        append_json(text, std::string_view(name));
        text += ':';
        append_json(text, std::string_view(value));
        if (std::ranges::find(taken, name) != taken.end() || ecosystem::find_wire_field(name)) continue;
        beside += ',';
        beside.append(text, begin);
    }
    text += '}';
    text += beside;
}

// The rows of the table that are written here: the environment stands twice, and the paths differ between
// instances that share the rest.
const std::array<const Field*, 4>& own_fields() {
    static const std::array<const Field*, 4> kFields{ecosystem::find_field("env"), path_fields()[0],
                                                     path_fields()[1], path_fields()[2]};
    return kFields;
}

const Json* given_version(const Slot& slot) {
    const Json& extra = slot.config->extra;
    const auto version = extra.find("version");
    return version == extra.end() ? nullptr : &*version;
}

Names state_names(const Slot& slot) {
    Names names;
    visit_state(slot, given_version(slot),
                [&](std::string_view name, const auto&) { names.push_back(name); });
    return names;
}

// What comes from the configuration, without the braces around.
void append_configuration(std::string& text, const Slot& slot, Environment environment) {
    const AppConfig& config = *slot.config;
    Names taken = state_names(slot);
    ecosystem::append_wire(text, config, own_fields(), taken);
    append_paths(text, slot.config.paths());
    if (environment == Environment::LeftOut) {
        append_key(text, "env");
        text += "{}";
        return;
    }
    for (const auto& [name, value] : config.extra.get_ref<const Json::object_t&>()) taken.push_back(name);
    append_variables(text, config.env, own_variables(slot), taken);
}

// Whether no name stands for two things: nearly always. Otherwise what is shown depends on which comes last
// in the tree, and may change with the state.
bool is_plain(const Slot& slot) {
    const AppConfig& config = *slot.config;
    const Names state = state_names(slot);
    if (ecosystem::find_wire_field(config.instance_var) ||
        std::ranges::count(state, config.instance_var) > 1 || is_occasional_member(config.instance_var))
        return false;
    for (const auto& [name, value] : config.extra.get_ref<const Json::object_t&>())
        if (name == "env_" || is_occasional_member(name) || ecosystem::find_variable(config.env, name))
            return false;
    return std::ranges::none_of(config.env,
                                [](const auto& variable) { return is_occasional_member(variable.name); });
}

void append_state(std::string& text, const Slot& slot) {
    visit_state(slot, given_version(slot), [&](std::string_view name, const auto& value) {
        using Value = std::remove_cvref_t<decltype(value)>;
        if (name.data() == slot.config->instance_var.data())
            append_key(text, name);
        else
            append_plain_key(text, name);
        if constexpr (std::is_same_v<Value, bool>)
            text += value ? "true" : "false";
        else if constexpr (std::is_integral_v<Value>)
            text += std::to_string(value);
        else if constexpr (std::is_same_v<Value, std::nullptr_t>)
            text += "null";
        else
            append_json(text, value);
    });
}

}  // namespace

void RowTexts::append(std::string& text, const Slot& slot, const Usage& usage, Environment environment) {
    const Part* const known = environment == Environment::Shown ? find(slot) : nullptr;
    if (!known && !is_plain(slot)) return append_json(text, row_with_usage(slot, usage, environment));
    text += R"({"pid":)" + std::to_string(slot.current.life.data().pid);
    append_key(text, "name");
    append_json(text, std::string_view(slot.config->name));
    append_key(text, "pm2_env");
    text += '{';
    if (known) {
        text += known->text;
    } else {
        const std::size_t begin = text.size();
        append_configuration(text, slot, environment);
        if (environment == Environment::Shown) remember(slot, std::string_view(text).substr(begin));
    }
    append_state(text, slot);
    text += R"(},"pm_id":)" + std::to_string(slot.pm_id);
    text += R"(,"monit":{"memory":)" + std::to_string(usage.memory) + R"(,"cpu":)";
    append_json(text, Json(usage.cpu));
    if (usage.gpu) {
        append_plain_key(text, "gpu");
        append_json(text, gpu_usage_json(*usage.gpu));
    }
    text += '}';
    if (usage.connections) {
        append_plain_key(text, "connections");
        append_json(text, connections_json(*usage.connections));
    }
    text += '}';
}

const RowTexts::Part* RowTexts::find(const Slot& slot) {
    const auto known = parts_.find(slot.pm_id);
    if (known == parts_.end()) return nullptr;
    const Part& part = known->second;
    if (part.config.is_same(slot.config) && part.unique_id == slot.unique_id) return &part;
    forget(slot.pm_id);
    return nullptr;
}

void RowTexts::remember(const Slot& slot, std::string_view text) {
    if (!remembers_ || parts_.size() == kMostRows || bytes_ + text.size() > kMostBytes) return;
    parts_.emplace(slot.pm_id, Part{slot.config, slot.unique_id, std::string(text)});
    bytes_ += text.size();
}

void RowTexts::forget(int pm_id) {
    const auto known = parts_.find(pm_id);
    if (known == parts_.end()) return;
    bytes_ -= known->second.text.size();
    parts_.erase(known);
}

void RowTexts::prepare(std::size_t rows) {
    remembers_ = rows <= kMostRows;
    if (remembers_) return;
    parts_.clear();
    bytes_ = 0;
}

}  // namespace kpm::core

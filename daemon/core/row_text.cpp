#include "daemon/core/row_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "ecosystem/dump_app.h"
#include "ecosystem/schema.h"

namespace kpm::core {
namespace {

std::string text_of(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The members of an object without the braces, with a comma before them where something precedes.
void append_members(std::string& text, const Json& object) {
    if (object.empty()) return;
    const std::string whole = text_of(object);
    if (!text.ends_with('{')) text += ',';
    text.append(whole, 1, whole.size() - 2);
}

// `env`, and beside it each variable that no other member has the name of. `own` are PM2's
// entries, which win.
void append_variables(std::string& text, const ecosystem::Environment& variables, const Json& own,
                      const Json& attributes, const Json& state) {
    std::vector<std::string_view> taken;
    for (const Json* members : {&attributes, &state})
        for (const auto& [name, value] : members->get_ref<const Json::object_t&>()) taken.push_back(name);
    std::ranges::sort(taken);
    std::string beside;
    text += text.ends_with('{') ? R"("env":{)" : R"(,"env":{)";
    append_members(text, own);
    for (const auto& [name, value] : variables) {
        if (own.contains(name)) continue;
        if (!text.ends_with('{')) text += ',';
        const std::size_t begin = text.size();
        append_string(text, name);
        text += ':';
        append_string(text, value);
        if (std::ranges::binary_search(taken, name) || ecosystem::find_wire_field(name)) continue;
        beside += ',';
        beside.append(text, begin);
    }
    text += '}';
    text += beside;
}

}  // namespace

void append_string(std::string& text, std::string_view value) {
    const bool is_plain =
        std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (!is_plain) {
        text += text_of(Json(value));
        return;
    }
    text += '"';
    text += value;
    text += '"';
}

void append_row(std::string& text, const Slot& slot, const Usage& usage) {
    ecosystem::AppConfig config = slot.config.whole();
    config.env.clear();
    Json attributes = ecosystem::dump_wire(config);
    attributes.erase("env");  // empty; the whole one follows
    Json state = Json::object();
    if (const auto version = attributes.find("version"); version != attributes.end())
        state["version"] = *version;
    add_state(state, slot);
    // What a client has sent along must not be there twice.
    for (const auto& [name, value] : config.extra.items())
        if (state.contains(name)) attributes.erase(name);

    text += R"({"pid":)" + std::to_string(slot.current.life.data().pid) + R"(,"name":)";
    append_string(text, slot.config->name);
    text += R"(,"pm2_env":{)";
    append_members(text, attributes);
    append_variables(text, slot.config->env, own_variables(slot), attributes, state);
    append_members(text, state);
    text += R"(},"pm_id":)" + std::to_string(slot.pm_id) + R"(,"monit":)";
    text += text_of({{"memory", usage.memory}, {"cpu", usage.cpu}});
    text += '}';
}

}  // namespace kpm::core

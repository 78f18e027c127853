#include "ecosystem/environment.h"

#include <algorithm>
#include <utility>

namespace kpm::ecosystem {

const std::string* find_variable(const Environment& env, std::string_view name) {
    const auto found = std::ranges::find(env, name, &EnvVar::name);
    return found == env.end() ? nullptr : &found->value;
}

void set_variable(Environment& env, std::string_view name, std::string value) {
    const auto found = std::ranges::find(env, name, &EnvVar::name);
    if (found == env.end())
        env.push_back({std::string(name), std::move(value)});
    else
        found->value = std::move(value);
}

void unset_variable(Environment& env, std::string_view name) {
    std::erase_if(env, [&](const EnvVar& variable) { return variable.name == name; });
}

void merge_environment(Environment& env, const Environment& overlay) {
    for (const EnvVar& variable : overlay) set_variable(env, variable.name, variable.value);
}

Environment environment_from(const char* const* environ_block) {
    Environment env;
    for (; *environ_block != nullptr; ++environ_block) {
        const std::string_view entry(*environ_block);
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos || equals == 0) continue;
        set_variable(env, entry.substr(0, equals), std::string(entry.substr(equals + 1)));
    }
    return env;
}

}  // namespace kpm::ecosystem

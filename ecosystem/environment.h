#pragma once
// Environment variables in the order in which they were given. Names are unique; values are always text, as
// the system wants them (PM2 keeps numbers and booleans as such; its users see the same text in the child).

#include <string>
#include <string_view>
#include <vector>

namespace kpm::ecosystem {

struct EnvVar {
    std::string name;
    std::string value;

    bool operator==(const EnvVar&) const = default;
};
using Environment = std::vector<EnvVar>;

// nullptr when the variable is not set.
const std::string* find_variable(const Environment& env, std::string_view name);
void set_variable(Environment& env, std::string_view name, std::string value);
void unset_variable(Environment& env, std::string_view name);
// Sets every variable of `overlay` over those of `env`.
void merge_environment(Environment& env, const Environment& overlay);
// From environ(7): "NAME=value" each, ends with a null pointer.
Environment environment_from(const char* const* environ_block);

}  // namespace kpm::ecosystem

#pragma once
// What doctor has looked at, and how it is shown. Pure.

#include <span>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "ipc/base/json.h"

namespace kpm::cli {

enum class Health { Ok, Warn, Fail };

struct Check {
    std::string name;
    Health health = Health::Ok;
    std::string finding;
    std::string advice;  // "" when nothing is to be done
};

bool is_well(std::span<const Check> checks);  // no Fail
std::string checks_text(std::span<const Check> checks, const Paint& paint);
Json checks_facts(std::span<const Check> checks);

}  // namespace kpm::cli

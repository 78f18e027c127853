#pragma once
// The init systems that kpm can be started by: their names, how to know them, where their files are and the
// commands that turn a service on and off. Pure.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/startup/service.h"

namespace kpm::cli {

using CommandWords = std::vector<std::string>;

struct InitSystem {
    std::string_view name;
    std::string_view aliases;  // separated by blanks; PM2's
    std::string_view tool;     // in PATH: this is the machine's init system
    unsigned mode;             // of the file
    std::string (*text)(const Service& service);
    std::string (*file)(const Service& service);
    std::vector<CommandWords> (*enable)(const Service& service);
    std::vector<CommandWords> (*disable)(const Service& service);  // before the file is removed
    std::vector<CommandWords> (*removed)(const Service& service);  // after it
};

// In the order of detection.
std::span<const InitSystem> init_systems();
const InitSystem* find_init_system(std::string_view name);
const InitSystem* detect_init_system(const std::function<bool(std::string_view tool)>& is_in_path);

// kpm-ann; with _ where the system's names are variables of a shell.
std::string default_service_name(const InitSystem& system, std::string_view user);
// It stands in paths, in scripts and in the commands above: letters, digits and _ . @ -, the first one a
// letter, a digit or _.
bool is_service_name(std::string_view name);

}  // namespace kpm::cli

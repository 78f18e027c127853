#pragma once
// `watch_options`: what PM2 hands on to chokidar 3, as far as kpm does the same. An option of which kpm does
// by itself what it asks for (ignoreInitial: true, atomic) is no more than accepted. Pure.

#include <optional>
#include <string>
#include <vector>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

struct WatchOptions {
    bool follow_symlinks = true;
    std::optional<int> depth;                         // of folders below what is watched; 0: none of them
    std::optional<std::vector<std::string>> ignored;  // in the place of ignore_watch
};

WatchOptions watch_options(const AppConfig& config);
// Of what is set there, what kpm does not do: one sentence for each, without the app's name.
std::vector<std::string> ineffective_watch_options(const AppConfig& config);

}  // namespace kpm::ecosystem

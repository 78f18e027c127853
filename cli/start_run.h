#pragma once
// Starts, restarts or reloads the apps of a start set, each after what it depends on; those without relation
// side by side.

#include "cli/actions.h"
#include "cli/start_set.h"

namespace kpm::cli {

struct StartRequest {
    Action action = Action::Restart;           // of what is there; Restart or Reload
    Json env = Json::object();                 // for what is asked for and no app of a file
    ecosystem::ResolveContext resolving = {};  // of the file's apps
};

// False: something failed, and that was said.
bool start_in_order(Context& context, const std::vector<StartItem>& items, const StartRequest& request);

}  // namespace kpm::cli

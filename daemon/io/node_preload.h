#pragma once
// Scripts that kpmd has Node load into a process before the app (NODE_OPTIONS=--require). They lie in the
// home, where other users cannot read them. Each removes itself from the environment that the app's own
// children get.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::io {

enum class NodeScript { Agent, Drain, Count };

class NodePreloads {
public:
    explicit NodePreloads(ipc::Home home) : home_(std::move(home)) {}

    // In front of the app's own NODE_OPTIONS. Error: the script could not be written, and `env` is as it was.
    Result<void> add(std::vector<std::string>& env, NodeScript script);

private:
    Result<void> write(NodeScript script);

    ipc::Home home_;
    std::array<std::string, 3> paths_;  // by NodeScript; "" = not written by this daemon yet
};

// Puts the option into `env`. Pure.
void add_require_option(std::vector<std::string>& env, const std::string& path);

}  // namespace kpm::io

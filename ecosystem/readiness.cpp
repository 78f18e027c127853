#include "ecosystem/readiness.h"

#include "ecosystem/command_line.h"

namespace kpm::ecosystem {

bool takes_channel(const AppConfig& config) {
    return config.kpm_channel && !config.listen.empty();
}

bool is_node_cluster(const AppConfig& config) {
    return config.exec_mode == ExecMode::Cluster && !config.kpm_channel && config.interpreter != "none" &&
           runtime_of(config.interpreter) != Runtime::Other;
}

bool tells_ready(const AppConfig& config) {
    return config.wait_ready || takes_channel(config) || is_node_cluster(config);
}

}  // namespace kpm::ecosystem

#include "daemon/core/launch_environment.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "daemon/core/config_text.h"
#include "daemon/core/gpu_placement.h"
#include "daemon/core/state_members.h"
#include "ecosystem/command_line.h"
#include "ecosystem/wire_text.h"

namespace kpm::core {
namespace {

using ecosystem::AppConfig;

// What is set last counts. Names are borrowed.
class Variables {
public:
    explicit Variables(std::size_t most) {
        lines_.reserve(most);
        places_.reserve(most);
    }

    void set(std::string_view name, std::string_view value) {
        const auto [place, is_new] = places_.emplace(name, lines_.size());
        if (is_new) lines_.emplace_back();
        std::string& line = lines_[place->second];
        line.reserve(name.size() + 1 + value.size());
        line.assign(name).append(1, '=').append(value);
    }
    void unset(std::string_view name) {
        if (const auto place = places_.find(name); place != places_.end()) lines_[place->second].clear();
    }
    std::vector<std::string> take() {
        std::erase(lines_, std::string());
        return std::move(lines_);
    }

private:
    std::vector<std::string> lines_;
    std::unordered_map<std::string_view, std::size_t> places_;  // in lines_
};

void set_state(Variables& variables, const Slot& slot) {
    const Json& extra = slot.config->extra;
    const auto version = extra.find("version");
    visit_state(slot, version == extra.end() ? nullptr : &*version,
                [&](std::string_view name, const auto& value) {
                    using Value = std::remove_cvref_t<decltype(value)>;
                    if constexpr (std::is_same_v<Value, bool>) {
                        variables.set(name, value ? "true" : "false");
                    } else if constexpr (std::is_integral_v<Value>) {
                        variables.set(name, std::to_string(value));
                    } else if constexpr (std::is_same_v<Value, std::string_view>) {
                        variables.set(name, value);
                    } else if constexpr (std::is_same_v<Value, Json>) {
                        if (value.is_string())
                            variables.set(name, value.template get_ref<const std::string&>());
                        else if (value.is_primitive() && !value.is_null())
                            variables.set(name, value.dump());
                        else
                            variables.unset(name);
                    } else {
                        variables.unset(name);
                    }
                });
}

// Always kpm's own: those that the app's configuration or the shell may have belong to another supervisor.
void set_notify(Variables& variables, const AppConfig& config, const Settings& settings) {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) variables.unset(name);
    if (settings.notify_socket.empty()) return;
    variables.set("NOTIFY_SOCKET", settings.notify_socket);
    if (config.watchdog <= Duration{0}) return;
    variables.set("WATCHDOG_USEC", std::to_string(std::chrono::microseconds(config.watchdog).count()));
    variables.set("WATCHDOG_PID", "");  // the keeper knows the pid first and puts it in
}

}  // namespace

std::vector<std::string> launch_environment(const Slot& slot, const Settings& settings) {
    const AppConfig& config = *slot.config;
    const auto scalars = ecosystem::wire_scalars(config);
    ecosystem::Environment with_gpu;
    if (slot.gpu) set_gpu_variables(with_gpu = config.env, slot.gpu->placement);
    constexpr std::size_t kOwn = 12;  // set here
    Variables variables(scalars.size() + kStateMembers + config.env.size() + kOwn);
    for (const auto& [name, text] : scalars) variables.set(name, text);
    const SlotConfig::Paths paths = slot.config.paths();
    for (const auto& [name, path] : path_members(paths)) variables.set(name, *path);
    set_state(variables, slot);
    variables.unset("status_text");  // in a reload the old process's
    for (const auto& [name, value] : config.env) variables.set(name, value);
    variables.set("unique_id", slot.unique_id);
    variables.set(config.instance_var, std::to_string(slot.instance_index));
    // An app that runs kpm finds the daemon that runs it, also when a dump of another home was restored.
    for (const char* name : {"KPM_HOME", "PM2_HOME"}) variables.set(name, settings.home);
    // PM2's library for apps (@pm2/io) expects to be started by PM2's own wrapper of the script. Where there
    // is none it starts by itself, and sends its metrics, only with this.
    if (config.pmx && ecosystem::runtime_of(config.interpreter) == ecosystem::Runtime::Node)
        variables.set("PMX_FORCE_UPDATE", "true");
    for (const auto& [name, value] : with_gpu) variables.set(name, value);
    set_notify(variables, config, settings);
    return variables.take();
}

}  // namespace kpm::core

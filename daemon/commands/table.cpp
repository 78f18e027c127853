#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "daemon/commands/command.h"
#include "daemon/commands/control_commands.h"
#include "daemon/commands/inspect_commands.h"
#include "daemon/commands/lifecycle_commands.h"
#include "ipc/container_protocol.h"
#include "ipc/protocol.h"

namespace kpm::core {
namespace {

namespace method = ipc::method;

constexpr std::array kCommands{
    Command{method::kPing, ping},
    Command{method::kGetVersion, get_version},
    Command{method::kGetMonitorData, nullptr, true, monitor_data},
    Command{method::kGetSystemData, get_system_data},
    Command{method::kGetReport, get_report},
    Command{method::kPrepare, prepare},
    Command{method::kStartProcessId, start_process},
    Command{method::kStopProcessId, stop_process},
    Command{method::kRestartProcessId, restart_process},
    Command{method::kReloadProcessId, reload_process},
    Command{method::kSoftReloadProcessId, soft_reload_process},
    Command{method::kDeleteProcessId, delete_process},
    Command{method::kDuplicateProcessId, duplicate_process},
    Command{method::kResetMetaProcessId, reset_counters},
    Command{method::kSendSignalToProcessId, send_signal_to_id},
    Command{method::kSendSignalToProcessName, send_signal_to_name},
    Command{method::kSendDataToProcessId, send_data},
    Command{method::kSendLineToStdin, send_line},
    Command{method::kMsgProcess, send_action},
    Command{method::kStopWatch, stop_watch},
    Command{method::kStartWatch, start_watch},
    Command{method::kToggleWatch, toggle_watch},
    Command{method::kNotifyByProcessId, notify, false},
    Command{method::kReloadLogs, reload_logs},
    Command{method::kMonitor, monitor},
    Command{method::kUnmonitor, unmonitor},
    Command{method::kProfileCpu, profile},
    Command{method::kProfileMem, profile},
    Command{method::kNotifyKillPm2, notify_kill},
    Command{method::kKillMe, kill_me},
    Command{method::kHello, hello},
    Command{method::kStart, start},
    Command{method::kRestart, restart},
    Command{method::kReload, reload},
    Command{method::kSave, save},
    Command{method::kAwaitEnd, await_end},
    Command{method::kWorkers, workers},
    Command{method::kGpus, gpus},
    Command{method::kExits, exits},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

const Command* find_command(std::string_view name) {
    const auto it = std::ranges::find(kCommands, name, &Command::method);
    return it == kCommands.end() ? nullptr : &*it;
}

void call(const Command& command, Supervisor& supervisor, const Json& args, const Answer& answer,
          const TextAnswer& text) {
    try {
        if (command.text) return command.text(supervisor, args, text);
        command.run(supervisor, args, answer);
    } catch (const std::exception& thrown) {
        answer(Error{ErrorCode::Invalid,
                     fmt::format("cannot carry out '{}': {}", command.method, thrown.what())});
    }
}

}  // namespace kpm::core

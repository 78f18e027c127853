#pragma once
// Names, versions and limits of the control protocol: PM2's own, plus methods and topics of kpm's. What PM2's
// CLI and API need works with the PM2 names alone; the names with a prefix are for what PM2's methods cannot
// say truthfully. Unknown members of a message are ignored, new ones are optional; a removal raises both
// versions.
//
// History of kProtocolVersion:
//   1 – first version

#include <chrono>
#include <cstddef>

namespace kpm::ipc {

inline constexpr int kProtocolVersion = 1;
inline constexpr int kOldestProtocol = 1;  // a client that speaks less is told to upgrade

// What getVersion answers. PM2's CLI compares it with its own and, when it differs, advises `pm2 update`,
// which would replace kpmd by PM2's daemon.
inline constexpr const char* kPm2Version = "7.0.4";

// {environment: false} to getMonitorData: rows without the apps' environments, which are most of them, and
// without the connections of workers. PM2's daemon ignores it.
inline constexpr const char* kEnvironmentOption = "environment";

// {drain: true} as a second argument of deleteProcessId: a worker may finish what it has for drain_timeout,
// while another one of its app serves.
inline constexpr const char* kDrainOption = "drain";

namespace method {
// PM2's (arguments and answers are PM2's).
inline constexpr const char* kPing = "ping";
inline constexpr const char* kGetVersion = "getVersion";
inline constexpr const char* kGetMonitorData = "getMonitorData";  // kpm's addition: kEnvironmentOption
inline constexpr const char* kGetSystemData = "getSystemData";
inline constexpr const char* kGetReport = "getReport";
inline constexpr const char* kPrepare = "prepare";
inline constexpr const char* kStartProcessId = "startProcessId";
inline constexpr const char* kStopProcessId = "stopProcessId";
inline constexpr const char* kRestartProcessId = "restartProcessId";
inline constexpr const char* kReloadProcessId = "reloadProcessId";
inline constexpr const char* kSoftReloadProcessId = "softReloadProcessId";
inline constexpr const char* kDeleteProcessId = "deleteProcessId";  // kpm's addition: kDrainOption
inline constexpr const char* kDuplicateProcessId = "duplicateProcessId";
inline constexpr const char* kResetMetaProcessId = "resetMetaProcessId";
inline constexpr const char* kSendLineToStdin = "sendLineToStdin";
inline constexpr const char* kSendDataToProcessId = "sendDataToProcessId";
inline constexpr const char* kSendSignalToProcessId = "sendSignalToProcessId";
inline constexpr const char* kSendSignalToProcessName = "sendSignalToProcessName";
inline constexpr const char* kMsgProcess = "msgProcess";
inline constexpr const char* kStopWatch = "stopWatch";
inline constexpr const char* kStartWatch = "startWatch";
inline constexpr const char* kToggleWatch = "toggleWatch";
inline constexpr const char* kNotifyByProcessId = "notifyByProcessId";
inline constexpr const char* kReloadLogs = "reloadLogs";
inline constexpr const char* kMonitor = "monitor";
inline constexpr const char* kUnmonitor = "unmonitor";
inline constexpr const char* kProfileCpu = "profileCPU";
inline constexpr const char* kProfileMem = "profileMEM";
inline constexpr const char* kNotifyKillPm2 = "notifyKillPM2";
inline constexpr const char* kKillMe = "killMe";

// kpm's.
// {} -> {kpm: version, protocol, pid, home, cpus}. PM2 has no such method: so the two daemons are told apart.
inline constexpr const char* kHello = "kpm.hello";
// As prepare, restartProcessId and reloadProcessId, but the answer is the outcome: an error when the process
// did not come up, was not ready in time, or could not be replaced.
inline constexpr const char* kStart = "kpm.start";
inline constexpr const char* kRestart = "kpm.restart";
inline constexpr const char* kReload = "kpm.reload";
// {force?} -> {apps, written}: writes dump.pm2; without `force` not when nothing is managed.
inline constexpr const char* kSave = "kpm.save";
// {} -> [{pm_id, serving, draining, handed, accepted, active, rescued, refused, load}]: the balancer's
// figures, one row per worker.
inline constexpr const char* kWorkers = "kpm.workers";
// {} -> [{pci, uuid, render_node, vendor, driver, name, health, workers: [{pm_id, name, status, gpu_percent,
// memory_bytes}]}]: the machine's GPUs and the workers that are placed on them. health: healthy, held,
// unhealthy. What the driver does not tell is null.
inline constexpr const char* kGpus = "kpm.gpus";
// {id} -> [{at, uptime, pid, exit_code, exit_signal, killed, failure, reason, detail, client: {pid, uid}}]:
// the last ends of an instance's processes, oldest first. What there is not is null.
inline constexpr const char* kExits = "kpm.exits";
}  // namespace method

namespace topic {
inline constexpr const char* kLogOut = "log:out";
inline constexpr const char* kLogErr = "log:err";
inline constexpr const char* kLogPm2 = "log:PM2";
inline constexpr const char* kProcessEvent = "process:event";
inline constexpr const char* kProcessMsg = "process:msg";
inline constexpr const char* kProcessException = "process:exception";
inline constexpr const char* kAxmReply = "axm:reply";
inline constexpr const char* kPm2Kill = "pm2:kill";
// {count, at}: this subscriber was too slow for `count` events that it will never get. `at` in ms since 1970.
inline constexpr const char* kDropped = "kpm:dropped";
}  // namespace topic

// A request is an app's configuration with a shell's environment at most; a reply may be 10,000 of them.
inline constexpr std::size_t kMaxRequestSize = std::size_t{64} << 20;
// Names, values, and beginnings and ends of objects and arrays: each takes memory that its text does not. The
// saved list of 10,000 apps with 50 variables each, which nobody sends at once, would be 3.5 millions.
inline constexpr std::size_t kMaxRequestParts = 4'000'000;
inline constexpr std::size_t kMaxReplySize = std::size_t{1} << 30;

inline constexpr std::chrono::seconds kConnectTimeout{5};

}  // namespace kpm::ipc

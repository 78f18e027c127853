// What the processes of apps say on their message channel (Node's process.send, or a line of JSON) and on
// NOTIFY_SOCKET, and what is said to them. PM2's conventions: "ready" ends the wait of wait_ready, axm:*
// describe actions and metrics, the rest goes to the bus under the topic that the process chose.

#include <fmt/format.h>

#include "daemon/core/launch.h"
#include "daemon/core/snapshot.h"
#include "daemon/core/supervisor.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::core {
namespace {

// What a process tells is kept and shown, so it must not be without end.
constexpr std::size_t kMaxActions = 1000, kMaxMetrics = 2000;
constexpr std::size_t kLongestValue = std::size_t{16} << 10;  // bytes, as JSON: of an action, metric, option
constexpr std::size_t kLongestVersion = 64;  // it goes into the environment of the next process
constexpr std::size_t kLongestPid = 10;      // digits

Json origin(const Slot& slot) {
    return {{"pm_id", slot.pm_id}, {"name", slot.config->name}, {"namespace", slot.config->name_space}};
}

bool is_truthy(const Json& value) {
    return !value.is_null() && value != false && value != 0 && value != "";
}

bool is_too_long(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().size() > kLongestValue;
    return value.is_structured() &&
           value.dump(-1, ' ', false, Json::error_handler_t::replace).size() > kLongestValue;
}

// What is beyond the limits is left out; the rest goes on. False: nothing is new.
bool merge(Json& known, const Json& news) {
    if (!news.is_object()) return false;
    bool is_changed = false;
    for (const auto& [key, value] : news.items()) {
        const auto place = known.find(key);
        const bool is_new = place == known.end();
        if (is_new && (known.size() >= kMaxMetrics || key.size() > kLongestValue)) continue;
        if ((!is_new && *place == value) || is_too_long(value)) continue;
        known[key] = value;
        is_changed = true;
    }
    return is_changed;
}

bool has_all(const Json& known, const Json& news) {
    if (!news.is_object()) return true;
    for (const auto& [key, value] : news.items())
        if (const auto it = known.find(key); it == known.end() || *it != value) return false;
    return true;
}

// By these topics clients follow the daemon: an app that could use them could make a client believe that it
// is gone, or that another app wrote a line.
bool is_the_daemons(std::string_view topic) {
    return topic == ipc::topic::kPm2Kill || topic == ipc::topic::kProcessEvent || topic.starts_with("log:") ||
           topic.starts_with("kpm:");
}

enum class Meant { ForTheBus, ForTheDaemon, ToBeRecorded };

Meant take_axm(Told& told, const std::string& type, const Json& data) {
    if (type == "axm:action") return add_action(told, data) ? Meant::ToBeRecorded : Meant::ForTheDaemon;
    if (type == "axm:option:configuration") {
        return merge(told.axm_options, data) ? Meant::ToBeRecorded : Meant::ForTheDaemon;
    }
    if (type == "axm:monitor") {
        merge(told.axm_monitor, data);
        return Meant::ForTheDaemon;  // comes every second, and again to the next daemon: not recorded
    }
    if (type == "axm:option:setPID") {
        const bool is_pid =
            data.is_number_integer() || (data.is_string() && is_number(data.get_ref<const std::string&>()) &&
                                         data.get_ref<const std::string&>().size() <= kLongestPid);
        if (!is_pid || has_all(told.axm_options, {{"pid", data}})) return Meant::ForTheDaemon;
        told.axm_options["pid"] = data;
        return Meant::ToBeRecorded;
    }
    return Meant::ForTheBus;
}

}  // namespace

// An app may tell of the same actions again and again, and of as many as it likes.
bool add_action(Told& told, const Json& action) {
    if (!action.is_object() || told.axm_actions.size() >= kMaxActions) return false;
    const auto name = action.find("action_name");
    if (name == action.end() || !name->is_string()) return false;
    if (told.action_names.contains(name->get_ref<const std::string&>())) return false;
    if (is_too_long(action)) return false;
    told.action_names.insert(name->get<std::string>());
    told.axm_actions.push_back(action);
    return true;
}

bool set_node_version(Told& told, const Json& version) {
    if (!version.is_string()) return false;
    const auto& text = version.get_ref<const std::string&>();
    if (text.size() > kLongestVersion || text == told.node_version) return false;
    told.node_version = text;
    return true;
}

void Supervisor::take_message(const AppKey& key, const Json& message) {
    Slot* slot = find_mutable(key.pm_id);
    const Instance* instance = slot ? find_instance(*slot, key.incarnation) : nullptr;
    if (!instance) return;
    // Others count as ready by what Node itself tells.
    if (message == "ready" && (slot->config->wait_ready || !is_node_cluster(*slot->config)))
        post(key, Ready{});
    const bool has_topic = message.is_object() && message.contains("type") && message.contains("data") &&
                           is_truthy(message["type"]) && is_truthy(message["data"]);
    if (!has_topic && message.is_object() && message.contains("node_version") &&
        message["node_version"].is_string()) {
        Told* const told = told_by(*slot, *instance);
        if (told && set_node_version(*told, message["node_version"])) unrecorded_.ask(key.pm_id, host_.now());
        return;
    }
    const Json process = origin(*slot);
    const bool is_typed = has_topic && message["type"].is_string() &&
                          !is_the_daemons(message["type"].get_ref<const std::string&>());
    const EpochTime now = host_.wall_now();
    if (is_typed) {
        const std::string& type = message["type"].get_ref<const std::string&>();
        Told* const told = told_by(*slot, *instance);
        const Meant meant = take_axm(told ? *told : *std::make_unique<Told>(), type, message["data"]);
        if (told && meant == Meant::ToBeRecorded) unrecorded_.ask(key.pm_id, host_.now());
        if (meant != Meant::ForTheBus || !host_.has_followers()) return;
        host_.publish(type, {{"at", now.since_epoch}, {"data", message["data"]}, {"process", process}});
    } else if (host_.has_followers()) {
        host_.publish(ipc::topic::kProcessMsg,
                      {{"at", now.since_epoch}, {"raw", message}, {"process", process}});
    }
}

void Supervisor::take_notification(const AppKey& key, const Notification& notification) {
    Slot* slot = find_mutable(key.pm_id);
    const Instance* instance = slot ? find_instance(*slot, key.incarnation) : nullptr;
    if (!instance) return;
    if (notification.status) {
        Told* const told = told_by(*slot, *instance);
        if (told && *notification.status != told->status_text) {
            told->status_text = *notification.status;
            dirty_.insert(key.pm_id);
        }
    }
    using Watchdog = Notification::Watchdog;
    if (notification.more_time) handle({key, TimeAsked{*notification.more_time}});
    if (notification.is_ready) handle({key, Ready{}});
    if (notification.interval) handle({key, WatchdogSet{*notification.interval}});
    if (notification.watchdog == Watchdog::Ping) handle({key, Pinged{}});
    if (notification.is_stopping) handle({key, Leaving{}});
    if (notification.watchdog == Watchdog::Trip) handle({key, Tripped{}});
}

void Supervisor::record_told() {
    for (const int pm_id : unrecorded_.take_due(host_.now())) {
        const Slot* slot = find(pm_id);
        if (slot && slot->told) host_.persist(told_state_key(pm_id), told_state(*slot->told));
        if (slot && slot->incoming_told)
            host_.persist(incoming_told_state_key(pm_id), told_state(*slot->incoming_told));
    }
}

// Where it is kept what a process tells; null: it is a reload's old process, of which nothing is shown.
Told* Supervisor::told_by(Slot& slot, const Instance& instance) {
    if (&instance == &slot.current) return &slot.tell();
    if (&instance != slot.incoming.get()) return nullptr;
    if (!slot.incoming_told) slot.incoming_told = std::make_unique<Told>();
    return slot.incoming_told.get();
}

// A new process has told nothing yet. The version is its interpreter's, which is the same: as with PM2 the
// process finds it among its variables.
void Supervisor::forget_told(Slot& slot, const Instance& instance) {
    if (!slot.told || &instance != &slot.current) return;
    std::string version = std::move(slot.told->node_version);
    slot.told.reset();
    if (!slot.incoming_told) unrecorded_.forget(slot.pm_id);
    if (version.empty()) return host_.persist(told_state_key(slot.pm_id), std::nullopt);
    slot.tell().node_version = std::move(version);
    host_.persist(told_state_key(slot.pm_id), told_state(*slot.told));
}

// The reload's new process has taken the slot.
void Supervisor::take_over_told(Slot& slot) {
    if (!slot.told && !slot.incoming_told) return;
    const auto before = std::exchange(slot.told, std::move(slot.incoming_told));
    if (before && !before->node_version.empty() && slot.tell().node_version.empty())
        slot.told->node_version = before->node_version;
    host_.persist(incoming_told_state_key(slot.pm_id), std::nullopt);
    host_.persist(told_state_key(slot.pm_id),
                  slot.told ? std::optional(told_state(*slot.told)) : std::nullopt);
}

void Supervisor::drop_incoming(Slot& slot) {
    slot.incoming.reset();
    if (std::exchange(slot.incoming_told, nullptr))
        host_.persist(incoming_told_state_key(slot.pm_id), std::nullopt);
}

// What has ended cannot be triggered and has no figures.
void Supervisor::forget_live(Slot& slot, const Instance& instance) {
    if (!slot.told || &instance != &slot.current) return;
    slot.told->axm_monitor = Json::object();
    if (slot.told->axm_actions.empty()) return;
    slot.told->axm_actions = Json::array();
    slot.told->action_names.clear();
    unrecorded_.forget(slot.pm_id);
    host_.persist(told_state_key(slot.pm_id), told_state(*slot.told));
}

Result<void> Supervisor::send_message(int pm_id, const Json& message) {
    const Slot* slot = find(pm_id);
    if (!slot) return Error{ErrorCode::NotFound, fmt::format("{} id unknown", pm_id)};
    if (slot->current.life.data().pid == 0)
        return Error{ErrorCode::Unavailable, fmt::format("{} : id offline", pm_id)};
    return host_.send_message(slot->key(), message);
}

}  // namespace kpm::core

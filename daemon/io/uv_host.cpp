#include "daemon/io/uv_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>

#include "daemon/io/console_log.h"
#include "daemon/io/daemon_log.h"
#include "daemon/io/pid_file.h"
#include "daemon/io/pidfd.h"
#include "ipc/base/date_format.h"
#include "ipc/dump_store.h"
#include "ipc/protocol.h"

namespace kpm::io {
namespace {

LogTargets targets_of(const core::LogFiles& logs, const FileOwner& owner) {
    LogTargets targets;
    targets.owner = owner;
    targets.out = logs.out;
    targets.err = logs.err;
    targets.combined = logs.combined;
    targets.date_format = logs.date_format;
    targets.disabled = logs.disabled;
    if (logs.json)
        targets.format = core::LogFormat::Json;
    else if (!logs.date_format.empty())
        targets.format = core::LogFormat::Timestamped;
    return targets;
}

std::unordered_map<std::uint64_t, UvHost::Inherited> by_token(Inventory inventory) {
    std::unordered_map<std::uint64_t, UvHost::Inherited> processes;
    for (KeeperChild& child : inventory.children) {
        const std::uint64_t token = child.token;
        processes[token].child = std::move(child);
    }
    for (const KeeperExit& exit : inventory.exits) processes[exit.token].exit = exit;
    for (KeptFd& kept : inventory.kept) {
        const std::uint64_t owner = kept.owner;
        processes[owner].kept.push_back(std::move(kept));
    }
    return processes;
}

}  // namespace

Result<std::unique_ptr<UvHost>> UvHost::open(Loop& loop, const ipc::Home& home, UniqueFd socket,
                                             Inventory inventory, Callbacks callbacks) {
    Heritage heritage{std::move(inventory), {}, {}, {}};
    const bool is_successor = static_cast<bool>(heritage.inventory.state);
    auto state = is_successor ? StateMemfd::adopt(std::move(heritage.inventory.state)) : StateMemfd::create();
    if (!state) return state.error();
    if (is_successor) {
        auto records = state->read_all();
        if (!records) return records.error();
        heritage.state = std::move(*records);
    }
    std::unique_ptr<UvHost> host(
        new UvHost(loop, home, std::move(*state), std::move(heritage), std::move(callbacks)));
    auto link = KeeperLink::open(
        loop, std::move(socket),
        {.spawned = [self = host.get()](KeeperChild child) { self->on_spawned(std::move(child)); },
         .spawn_failed = [self = host.get()](std::uint64_t token, keeper::SpawnStage stage,
                                             int error) { self->on_spawn_failed(token, stage, error); },
         .exited = [self = host.get()](const KeeperExit& exit) { self->on_exited(exit); },
         .gone =
             [self = host.get()] {
                 self->is_keeper_gone_ = true;
                 for (auto& [token, child] : self->children_)
                     if (child.tree) child.tree->watch_root();
                 self->callbacks_.keeper_gone();
             }});
    if (!link) return link.error();
    host->keeper_ = std::move(*link);
    if (!is_successor)
        if (const auto set = host->keeper_->set_state(host->state_.fd()); !set) return set.error();
    host->pools_.emplace(
        *host->keeper_, host->plane_,
        [self = host.get()](const std::string& key, const std::optional<std::string>& value) {
            self->persist(key, value);
        });
    host->pools_->restore(host->heritage_.state, host->heritage_.inventory.kept);
    host->open_nodes();
    if (const auto opened = host->open_notify_socket(); !opened)
        host->log(opened.error().message + "; apps have no NOTIFY_SOCKET");
    host->heritage_.processes = by_token(std::move(host->heritage_.inventory));
    return host;
}

UvHost::UvHost(Loop& loop, const ipc::Home& home, StateMemfd state, Heritage heritage, Callbacks callbacks)
    : loop_(loop),
      home_(home),
      callbacks_(std::move(callbacks)),
      state_(std::move(state)),
      heritage_(std::move(heritage)),
      timer_(loop, [] {}),  // that the loop wakes is enough: due is told before it waits again
      leftovers_kill_(loop,
                      [this] {
                          for (const auto& leftover : leftovers_) leftover->kill();
                      }),
      scanner_(loop, {::getppid(), kMark}),  // the keeper gets the orphans
      gpu_monitor_(loop, kMark, [this](std::string_view text) { log(text); }),
      gpu_probes_(loop, kMark,
                  [this](const std::string& pci, core::GpuProbeResult result) {
                      callbacks_.gpu_probed(pci, result);
                  }),
      host_sampler_(loop, home),
      versions_(loop),
      probes_(
          loop, scanner_, kMark, [this](std::uint64_t token) { return mark_of(token); },
          [this](const core::AppKey& key, core::ProbeKind kind, const core::ProbeResult& result) {
              callbacks_.probed(key, kind, result);
          }),
      preloads_(home),
      plane_events_(loop, [this](const PlaneEvent& event) { on_plane_event(event); }),
      log_events_(loop, [this](const LogEvent& event) { on_log_event(event); }),
      answers_(loop, [](const std::function<void()>& answer) { answer(); }),
      plane_([sender = plane_events_.sender()](PlaneEvent event) { sender.push(std::move(event)); }),
      console_(console_shape_from_environment()),
      logs_([sender = log_events_.sender()](LogEvent event) { sender.push(std::move(event)); }, console_) {}

UvHost::~UvHost() = default;

core::TimePoint UvHost::now() const {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

core::EpochTime UvHost::wall_now() const {
    return {std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
}

UvHost::Child* UvHost::find(std::uint64_t incarnation) {
    const auto it = children_.find(incarnation);
    return it == children_.end() ? nullptr : &it->second;
}

UvHost::Child* UvHost::find(const core::AppKey& key) {
    return find(key.incarnation);
}

void UvHost::fail_spawn(const core::AppKey& key, std::string reason, bool is_transient) {
    callbacks_.post(key, core::SpawnFailed{std::move(reason), is_transient});
}

void UvHost::spawn(const core::AppKey& key, const core::LaunchSpec& spec) {
    auto setup = set_up_child(spec, pools_->sockets(spec.pool));
    if (!setup) return fail_spawn(key, setup.error().message, setup.error().code == ErrorCode::Io);
    auto& env = setup->request.env;
    std::erase_if(env, [](const std::string& line) { return line.starts_with(kMark); });
    // What a stop spares on purpose is not to be ended by a later daemon either: without the home it is
    // nobody's.
    env.push_back(fmt::format(
        "{}={}", kMark, spec.whole_tree ? mark_of(key.incarnation) : fmt::format("{}@", key.incarnation)));
    if (spec.channel == core::ChildChannel::NodeCluster)
        env.push_back(fmt::format("NODE_UNIQUE_ID={}", key.incarnation));
    add_preloads(setup->request, spec);
    std::vector<KeeperLink::Stored> kept;
    for (const auto& [slot, fd] :
         {std::pair(KeptSlot::Out, setup->ours.out.get()), std::pair(KeptSlot::Err, setup->ours.err.get()),
          std::pair(KeptSlot::Channel, setup->ours.channel.get())})
        if (fd >= 0) kept.push_back({static_cast<std::int64_t>(slot), fd});
    if (const auto asked = keeper_->spawn(key.incarnation, setup->request, kept); !asked)
        return fail_spawn(key, asked.error().message, false);
    Child& child = children_[key.incarnation];
    child.key = key;
    starting_[key.incarnation] = {setup->request.path, spec.cwd};
    if (!spec.version_words.empty())
        versions_.ask(*keeper_, setup->request, spec.version_words, [this, key](const std::string& version) {
            callbacks_.message(key, Json{{"node_version", version}});
        });
    if (notify_) notify_->expect(key);
    connect(child, spec, std::move(setup->ours), false);
}

void UvHost::add_preloads(SpawnRequest& request, const core::LaunchSpec& spec) {
    if (request.uid) return;  // other users cannot read what is in the home
    const auto add = [&](NodeScript script, std::string_view result) {
        if (const auto added = preloads_.add(request.env, script); !added)
            log(fmt::format("{}; '{}' runs without it: {}", added.error().message, spec.name, result));
    };
    if (spec.drains_keep_alive) add(NodeScript::Drain, "a reload may cut keep-alive connections");
    if (spec.tells_connections)
        add(NodeScript::Count,
            "max_connections and the policy least_connections do not know its connections");
    if (spec.runs_agent) add(NodeScript::Agent, "its exceptions and metrics are not reported");
}

void UvHost::connect(Child& child, const core::LaunchSpec& spec, ChildEnds ends, bool resumed) {
    auto owner = file_owner(spec.user, spec.group);
    if (!owner) log(owner.error().message + ": its files are reached as nobody");
    child.owner = owner ? *std::move(owner) : nobodys_files();
    child.pid_file = spec.pid_file;
    child.whole_tree = spec.whole_tree;
    child.has_logs = ends.out || ends.err;
    if (child.has_logs)
        logs_.add_process({child.key.pm_id, child.key.incarnation, spec.name, spec.name_space},
                          std::move(ends.out), std::move(ends.err), targets_of(spec.logs, child.owner));
    if (spec.channel == core::ChildChannel::Messages) return open_messages(child, std::move(ends.channel));
    if (spec.channel == core::ChildChannel::NodeCluster)
        return add_node(child, spec, std::move(ends.channel));
    const auto pool = pools_->find(spec.pool);
    if (!ends.channel || !pool) return;
    child.is_worker = true;
    child.pool = spec.pool;
    plane_.add_worker(*pool, worker_of(child.key), std::move(ends.channel), resumed);
}

// Opened when it is needed: holding one for each process would cost a descriptor for each.
UniqueFd UvHost::open_root(const Child& child) const {
    return child.is_ended ? UniqueFd() : child.root.open();
}

void UvHost::on_spawned(KeeperChild spawned) {
    Child* child = find(spawned.token);
    if (!child) {
        if (!versions_.spawned(spawned) && !gpu_monitor_.spawned(spawned) && !gpu_probes_.spawned(spawned))
            probes_.commands().spawned(spawned);
        return;
    }
    starting_.erase(spawned.token);
    child->pid = spawned.pid;
    child->root = ProcessIdentity::of(spawned.pid, spawned.pidfd.get());
    if (!child->pid_file.empty())
        if (const auto written = write_pid_file(child->pid_file, child->pid, child->owner); !written)
            log(written.error().message);
    callbacks_.post(child->key, core::Spawned{spawned.pid});
    if (notify_) notify_->add(child->key, spawned.pid);
}

void UvHost::on_spawn_failed(std::uint64_t token, keeper::SpawnStage stage, int error_number) {
    Child* child = find(token);
    if (!child) {
        if (!versions_.spawn_failed(token) && !gpu_monitor_.spawn_failed(token, stage, error_number) &&
            !gpu_probes_.spawn_failed(token))
            probes_.commands().spawn_failed(*keeper_, token, stage, error_number);
        return;
    }
    child->is_ended = true;
    if (notify_) notify_->remove(child->key);
    const auto start = starting_.extract(token);
    const auto& [program, cwd] = start ? start.mapped() : Starting{};
    const Error error = spawn_error(stage, error_number, program, cwd);
    fail_spawn(child->key, error.message, is_shortage(stage, error_number));
}

void UvHost::on_exited(const KeeperExit& exit) {
    Child* child = find(exit.token);
    if (!child) {
        if (versions_.exited(*keeper_, exit) || gpu_monitor_.exited(*keeper_, exit) ||
            gpu_probes_.exited(*keeper_, exit) || probes_.commands().exited(*keeper_, exit))
            return;
        keeper_->collected(exit.token);  // one of nobody's: the end of an unclaimed process
        return;
    }
    child->is_ended = true;
    child->input.reset();
    sampler_.forget(child->pid);
    gpu_sampler_.forget(child->pid);
    gpu_monitor_.forget(child->pid);
    if (child->tree) child->tree->root_ended();
    if (notify_) {
        notify_->read_pending();  // what it said last
        notify_->remove(child->key, exit.pid);
    }
    if (child->is_stopping) child->tree_is_gone = true;
    if (child->is_node && child->is_worker) {
        child->unheard_end = exit;
        return plane_.finish_node(worker_of(child->key));
    }
    tell_exit(*child, exit);
}

void UvHost::tell_exit(Child& child, const KeeperExit& exit) {
    if (const auto messages = std::move(child.messages)) messages->finish();
    const auto code = exit.signal == 0 ? std::optional(exit.exit_code) : std::nullopt;
    callbacks_.post(child.key, core::Exited{code, exit.signal});
    if (child.tree_is_gone) callbacks_.post(child.key, core::TreeGone{});
    forget_if_finished(exit.token);
}

// Also unlike that of a kpm which an app runs, whose orphans could come to this keeper.
std::string UvHost::mark_of(std::uint64_t incarnation) const {
    return fmt::format("{}@{}", incarnation, home_.root().string());
}

void UvHost::signal_tree(const core::AppKey& key, int signo) {
    Child* child = find(key);
    if (!child) {
        callbacks_.post(key, core::TreeGone{});
        return;
    }
    if (child->is_worker && child->is_node)
        nodes_->leave(worker_of(key));
    else if (child->is_worker)
        plane_.set_serving(worker_of(key), false);
    if (!child->whole_tree) return signal_root_alone(*child, signo);
    if (child->tree) return child->tree->signal(signo);
    child->tree = std::make_unique<TreeStop>(loop_, scanner_, mark_of(key.incarnation),
                                             [this, token = key.incarnation] { on_tree_gone(token); });
    if (!child->is_ended && !is_keeper_gone_) child->tree->expect_root_end();
    child->tree->begin(child->pid, child->is_ended ? std::nullopt : child->root.start_ticks(), signo);
}

void UvHost::signal_root_alone(Child& child, int signo) {
    if (child.is_ended && !child.unheard_end) return callbacks_.post(child.key, core::TreeGone{});
    if (child.is_ended) child.tree_is_gone = true;
    child.is_stopping = true;
    (void)signal_root(child.key, signo);  // fails only when it has just ended
}

// Told to the supervisor only after the root's exit was: the pidfd is faster than the keeper's report.
void UvHost::on_tree_gone(std::uint64_t incarnation) {
    Child* child = find(incarnation);
    if (!child) return;
    child->tree.reset();
    child->tree_is_gone = true;
    const bool is_end_told = is_keeper_gone_ || (child->is_ended && !child->unheard_end);
    if (is_end_told) callbacks_.post(child->key, core::TreeGone{});
}

Result<void> UvHost::signal_root(const core::AppKey& key, int signo) {
    Child* child = find(key);
    const UniqueFd root = child ? open_root(*child) : UniqueFd{};
    if (!root)
        return Error{ErrorCode::NotFound,
                     fmt::format("cannot signal 'process {}': it is not running", key.pm_id)};
    if (send_signal(root.get(), signo) != 0)
        return os_error("signal", fmt::format("process {}", child->pid), errno);
    return {};
}

void UvHost::sweep(const core::AppKey& key) {
    const Child* child = find(key);
    if (!child || child->pid == 0 || !child->whole_tree) return;
    // Most leave nothing. What has left the group has lost its parent by now, and is the keeper's.
    if (!group_has_members(child->pid) && !scanner_.has_orphans()) return;
    auto& sweep = sweeps_.emplace_front();
    sweep = std::make_unique<TreeStop>(loop_, scanner_, mark_of(key.incarnation),
                                       [this, place = sweeps_.begin()] { sweeps_.erase(place); });
    sweep->begin(child->pid, std::nullopt, SIGKILL);
}

void UvHost::release(const core::AppKey& key, const std::string& next_pid_file) {
    Child* child = find(key);
    if (!child || child->is_released) return;
    child->is_released = true;
    probes_.stop(key);
    child->messages.reset();
    child->input.reset();
    if (child->is_node) nodes_->remove_worker(worker_of(key));
    if (child->is_worker) plane_.remove_worker(worker_of(key));
    if (!child->pid_file.empty() && child->pid_file != next_pid_file)
        remove_pid_file(child->pid_file, child->pid, child->owner);
    // Not left to the last writer: a process that has left the tree could hold the pipes for ever. But what a
    // stop leaves alive on purpose may go on writing.
    if (child->has_logs && child->whole_tree)
        logs_.detach({child->key.pm_id, child->key.incarnation, "", ""});
    forget_if_finished(key.incarnation);
}

// The keeper's copies live until the supervisor is done and the last byte of output is stored.
void UvHost::forget_if_finished(std::uint64_t incarnation) {
    const Child* child = find(incarnation);
    if (!child || !child->is_released || child->has_logs || !child->is_ended) return;
    finished_.push_back(incarnation);
    children_.erase(incarnation);
}

void UvHost::end_turn() {
    for (const std::uint64_t incarnation : finished_) keeper_->collected(incarnation);
    finished_.clear();
    package_versions_.clear();
    logs_.wake();
}

// Instances, and apps of one file, have their script in the same folder.
std::string UvHost::package_version(const std::string& script) {
    const auto [known, is_new] = package_versions_.try_emplace(std::filesystem::path(script).parent_path());
    if (is_new) known->second = io::package_version(script);
    return known->second;
}

Result<void> UvHost::prepare_logs(const core::LaunchSpec& spec) {
    const auto owner = file_owner(spec.user, spec.group);
    if (!owner) return owner.error();
    return prepare_log_files(targets_of(spec.logs, *owner));
}

void UvHost::reopen_logs(std::optional<int> pm_id) {
    logs_.reopen(pm_id);
}

Result<void> UvHost::write_dump(const std::string& text) {
    return ipc::write_dump(home_, text);
}

core::Usage UvHost::usage(int pid) {
    const auto sampled = sampler_.sample(pid);
    return sampled ? core::Usage{sampled->memory_bytes, sampled->cpu_percent} : core::Usage{};
}

core::GpuInventory UvHost::gpus() {
    core::GpuInventory inventory = scan_machine_gpus();
    gpu_monitor_.add_readings(inventory);
    return inventory;
}

// The kernel tells it now; NVIDIA's driver does so to a program that is asked meanwhile.
core::GpuUsage UvHost::gpu_usage(int pid, const std::string& pci) {
    const core::GpuUsage told = gpu_sampler_.sample(pid, pci);
    if (told.percent && told.memory) return told;
    gpu_monitor_.refresh(*keeper_, nullptr);
    return core::put_together(told, gpu_monitor_.usage(pid, pci));
}

void UvHost::shut_down(int client_pid) {
    callbacks_.shut_down(client_pid);
}

void UvHost::wake_at(std::optional<core::TimePoint> when) {
    if (!when) return timer_.stop();
    // One millisecond more than asked would be late, one less would come too early and find nothing due.
    timer_.start(std::max(*when - now(), core::Duration{0}));
}

void UvHost::persist(const std::string& key, const std::optional<std::string>& value) {
    const auto moved = value ? state_.put(key, *value) : state_.erase(key);
    if (!moved) return log(moved.error().message);
    if (!*moved) return;
    if (const auto set = keeper_->set_state(state_.fd()); !set) log(set.error().message);
}

void UvHost::publish(const std::string& topic, const Json& payload) {
    callbacks_.publish(topic, payload);
    if (console_ != core::ConsoleShape::Json || topic != ipc::topic::kProcessEvent) return;
    logs_.print(core::console_event(payload.value("event", ""), payload["process"].value("name", ""),
                                    std::chrono::system_clock::now()));
}

bool UvHost::has_followers() const {
    return console_ == core::ConsoleShape::Json || callbacks_.has_followers();
}

std::string UvHost::unique_id() {
    std::array<std::uint16_t, 8> random{};
    (void)!::getrandom(random.data(), sizeof random, 0);  // so few bytes always come
    auto word = [&, i = 0u]() mutable { return unsigned{random[i++]}; };
    return fmt::format("{:04x}{:04x}-{:04x}-{:04x}-{:04x}-{:04x}{:04x}{:04x}", word(), word(), word(),
                       (word() & 0x0fff) | 0x4000, (word() & 0x3fff) | 0x8000, word(), word(), word());
}

void UvHost::log(std::string_view text) {
    write_daemon_log(text);
    if (daemon_log_format().empty() || !has_followers()) return;
    publish("log:PM2", {{"process", {{"pm_id", "PM2"}, {"name", "PM2"}, {"rev", nullptr}}},
                        {"at", wall_now().since_epoch},
                        {"data", fmt::format("{}\n", text)}});
}

void UvHost::set_following(bool following) {
    if (following == is_following_) return;
    is_following_ = following;
    logs_.set_following(following);
}

void UvHost::quit() {
    if (const std::string address = notify_socket(); address.starts_with('/')) ::unlink(address.c_str());
    keeper_->quit(0);
    keeper_->flush(std::chrono::seconds{2});
}

}  // namespace kpm::io

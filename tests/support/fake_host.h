#pragma once
// A world without processes: records what the supervisor asks for as lines of text, answers when the test
// says so, and has a clock that only moves by hand.

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "daemon/core/supervisor.h"

namespace kpm::core {

class FakeHost : public Host {
public:
    TimePoint now() const override { return now_; }
    EpochTime wall_now() const override { return {(now_.time_since_epoch() + wall_ahead).count()}; }

    void spawn(const AppKey& key, const LaunchSpec& spec) override {
        note("spawn {} {}", text(key), spec.name);
        specs[key.incarnation] = spec;
        keys.push_back(key);
    }
    void signal_tree(const AppKey& key, int signo) override { note("signal {} {}", text(key), signo); }
    Result<void> signal_root(const AppKey& key, int signo) override {
        note("signal-root {} {}", text(key), signo);
        return {};
    }
    Result<void> send_message(const AppKey& key, const Json& message) override {
        note("message {} {}", text(key), message.dump());
        if (message_error) return *message_error;
        return {};
    }
    Result<void> write_input(const AppKey& key, std::string_view line) override {
        note("input {} {}", text(key), line);
        return {};
    }
    void sweep(const AppKey& key) override { note("sweep {}", text(key)); }
    void release(const AppKey& key, const std::string& next_pid_file) override {
        note("release {}{}", text(key), next_pid_file.empty() ? "" : ", its pid file stays");
    }
    Result<void> open_pool(const PoolSpec& pool) override {
        note("open-pool {}", pool.name);
        if (pool_error) return *pool_error;
        return {};
    }
    void close_pool(const std::string& name, PoolSpec::Kind kind) override {
        note("close-pool {}{}", name, kind == PoolSpec::Kind::Node ? " of node" : "");
    }
    void turn_away(const std::string& name, PoolSpec::Kind kind) override {
        note("turn-away {}{}", name, kind == PoolSpec::Kind::Node ? " of node" : "");
    }
    void probe(const AppKey& key, ProbeKind kind, const ProbeSpec& spec, const LaunchSpec* launch) override {
        note("probe {} {}", text(key), to_text(kind));
        probed = spec;
        if (launch) probe_launch = *launch;
    }
    void stop_probes(const AppKey& key) override { note("stop-probes {}", text(key)); }
    void set_serving(const AppKey& key, bool serving) override {
        note("{} {}", serving ? "serve" : "hold-back", text(key));
    }
    void drain(const AppKey& key) override { note("drain {}", text(key)); }
    Adopted adopt(const AppKey& key, const LaunchSpec&) override {
        note("adopt {}", text(key));
        const auto it = adoptable.find(key.incarnation);
        return it == adoptable.end() ? Adopted{} : it->second;
    }
    Result<void> prepare_logs(const LaunchSpec&) override {
        if (log_error) return *log_error;
        return {};
    }
    std::string real_path(const std::string& path) override {
        const auto real = real_paths.find(path);
        return real == real_paths.end() ? "" : real->second;
    }
    void reopen_logs(std::optional<int>) override { note("reopen-logs"); }
    Result<void> write_dump(const std::string& content) override {
        dump = content;
        return {};
    }
    void worker_stats(std::function<void(std::vector<WorkerFigures>)> answer) override {
        note("worker-stats");
        answer(workers);
    }
    void system_data(std::function<void(Json)> answer) override { answer(Json::object()); }
    Result<TimeZone> time_zone(std::string_view name) override {
        if (!name.empty() && name != "UTC")
            return Error{ErrorCode::NotFound, "cannot load time zone: unknown"};
        return TimeZone{};
    }
    Result<void> watch(const WatchKey& key, const WatchSpec& spec) override {
        note("watch {} {}", text(key), fmt::join(spec.roots, ","));
        watched = spec;
        if (watch_error) return *watch_error;
        return {};
    }
    void unwatch(const WatchKey& key) override { note("unwatch {}", text(key)); }
    std::string package_version(const std::string&) override { return version; }
    Usage usage(int) override { return used; }
    GpuInventory gpus() override {
        note("gpus");
        return machine_gpus;
    }
    GpuUsage gpu_usage(int, const std::string& pci) override {
        note("gpu-usage {}", pci);
        return gpu_used;
    }
    void refresh_gpu_figures(std::function<void()> done) override {
        note("refresh-gpu-figures");
        gpu_refresh_done = std::move(done);
    }
    bool can_probe_gpus() override { return has_gpu_probe; }
    void probe_gpu(const GpuPlacement& gpu) override { note("probe-gpu {}", gpu.pci); }
    OomKills oom_kills() override {
        ++oom_looks;
        return machine_oom_kills;
    }
    void shut_down(int client_pid) override { note("shut-down {}", client_pid); }
    void wake_at(std::optional<TimePoint> when) override { wake = when; }
    void persist(const std::string& key, const std::optional<std::string>& value) override {
        ++persisted[key];
        if (value)
            state[key] = *value;
        else
            state.erase(key);
    }
    void publish(const std::string& topic, const Json& payload) override {
        published.push_back(topic + ":" + payload.value("event", ""));
        if (topic == "process:event")
            events.push_back(payload.at("event").get<std::string>() + " " +
                             payload.at("process").value("status", ""));
    }
    bool has_followers() const override { return true; }
    std::string unique_id() override { return "00000000-0000-4000-8000-000000000000"; }
    void log(std::string_view line) override { logged.emplace_back(line); }

    // --- for tests ---
    void advance(Duration by) { now_ += by; }
    // What was asked for since the last call, one line each.
    std::vector<std::string> take() { return std::exchange(calls_, {}); }
    // All that was written down up to now.
    void forget() {
        for (auto* lines : {&calls_, &published, &events, &logged}) lines->clear();
        specs.clear();
        keys.clear();
        state.clear();
        persisted.clear();
    }
    // The key of the newest spawn.
    AppKey last() const { return keys.back(); }

    Duration wall_ahead{0};  // of now(): the wall clock may be set
    std::map<std::uint64_t, LaunchSpec> specs;
    std::vector<AppKey> keys;
    std::map<std::uint64_t, Adopted> adoptable;
    std::map<std::string, std::string> state;
    std::map<std::string, int> persisted;  // how often, by key; erased counts, too
    std::string dump;
    std::vector<std::string> published;
    std::vector<std::string> events;  // of them: what happened, and the status that is shown with it
    std::vector<std::string> logged;
    std::optional<TimePoint> wake;
    std::optional<Error> pool_error, log_error, message_error, watch_error;
    WatchSpec watched;  // the newest
    std::map<std::string, std::string> real_paths;
    ProbeSpec probed;  // the newest
    LaunchSpec probe_launch;
    Usage used{1000, 1.5};
    std::vector<WorkerFigures> workers;
    std::string version;
    GpuInventory machine_gpus;
    GpuUsage gpu_used;
    std::function<void()> gpu_refresh_done;  // the newest
    bool has_gpu_probe = false;
    OomKills machine_oom_kills{7, "control group '/apps'"};
    int oom_looks = 0;

private:
    template <class... Args>
    void note(fmt::format_string<Args...> format, Args&&... args) {
        calls_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    static std::string text(const WatchKey& key) {
        return key.number == 0 ? key.name : fmt::format("{}#{}", key.name, key.number);
    }
    static std::string text(const AppKey& key) { return fmt::format("{}/{}", key.pm_id, key.incarnation); }

    TimePoint now_{Duration{1'000'000}};
    std::vector<std::string> calls_;
};

}  // namespace kpm::core

// The health of processes: their probes are asked when it is time, and what they tell keeps a process out of
// the rotation, makes it ready, or ends it (core/health.h decides).

#include <fmt/format.h>

#include <utility>

#include "daemon/core/launch.h"
#include "daemon/core/supervisor.h"

namespace kpm::core {
namespace {

using Kind = ecosystem::Probe::Kind;

bool is_looked_at(State state) {
    return state == State::Spawning || state == State::Starting || state == State::Online;
}

// With the variables that the process has.
ecosystem::VariableLookup variables_of(const LaunchSpec& launch) {
    return [&launch](std::string_view name) -> std::optional<std::string> {
        for (const std::string& line : launch.env)
            if (line.size() > name.size() && line[name.size()] == '=' && line.starts_with(name))
                return line.substr(name.size() + 1);
        return std::nullopt;
    };
}

Result<ecosystem::ProbeAddress> address_of(const ecosystem::Probe& probe, const LaunchSpec& launch) {
    const auto text = ecosystem::substitute(probe.text, variables_of(launch));
    if (!text) return text.error();
    return probe.kind == Kind::Http ? ecosystem::parse_http_address(*text)
                                    : ecosystem::parse_tcp_address(*text);
}

ProbeSpec probe_spec(const ecosystem::Probe& probe, const LaunchSpec& launch) {
    ProbeSpec spec;
    spec.kind = probe.kind;
    spec.timeout = probe.timeout;
    if (probe.kind != Kind::Exec) {
        auto address = address_of(probe, launch);
        if (address)
            spec.address = *std::move(address);
        else
            spec.trouble = address.error().message;
        return spec;
    }
    // A shell has variables of its own.
    if (probe.argv.empty()) spec.argv = {"/bin/sh", "-c", probe.text};
    for (const std::string& word : probe.argv) {
        auto text = ecosystem::substitute(word, variables_of(launch));
        if (!text) spec.trouble = text.error().message;
        if (text) spec.argv.push_back(*std::move(text));
    }
    return spec;
}

}  // namespace

// Of a process that is about to be started.
void Supervisor::prepare_health(Slot& slot, Instance& instance, const LaunchSpec& launch) {
    instance.health.reset();
    const ecosystem::HealthChecks& rules = slot.config->health;
    if (rules.is_empty()) return;
    auto health = std::make_unique<ProcessHealth>();
    health->check = HealthCheck(rules);
    health->needs_word = ecosystem::says_ready(*slot.config);
    for (const ProbeKind kind : kProbeKinds)
        if (const auto& probe = health->check.rule(kind))
            health->specs[static_cast<std::size_t>(kind)] = probe_spec(*probe, launch);
    instance.health = std::move(health);
}

// A process that was ready stays so; what counts in a row begins anew.
void Supervisor::resume_health(Slot& slot, Instance& instance, const LaunchSpec& launch) {
    const auto before = std::exchange(instance.health, nullptr);
    const State state = instance.life.state();
    if (!is_looked_at(state)) return;
    prepare_health(slot, instance, launch);
    if (!instance.health) return;
    ProcessHealth& health = *instance.health;
    const AppKey key = slot.key(instance);
    if (before) health.has_word = before->has_word;
    if (state != State::Spawning) {
        const auto was = before                   ? before->remembered
                         : state == State::Online ? HealthCheck::State::Ready
                                                  : HealthCheck::State::Starting;
        health.check.handle(HealthCheck::Resumed{instance.life.data().launched_at, was}, host_.now());
        const bool is_told = !health.needs_word || health.has_word;
        if (state == State::Starting && health.check.has_come_up() && is_told) post(key, Ready{});
    }
    if (health.check.rules().gates() && !health.check.is_ready()) host_.set_serving(key, false);
}

// True: it says that it is ready, but its probes have not said so yet.
bool Supervisor::hold_word(Slot& slot, Instance& instance, const Event& event) {
    if (!std::holds_alternative<Ready>(event) || !instance.health) return false;
    ProcessHealth& health = *instance.health;
    if (!health.check.rules().gates()) return false;
    health.has_word = true;
    dirty_.insert(slot.pm_id);
    return !health.check.has_come_up();
}

// Probing begins and ends with the process.
void Supervisor::follow_life(Slot& slot, Instance& instance, const Event& event) {
    if (!instance.health) return;
    const bool has_ended =
        std::holds_alternative<Exited>(event) || std::holds_alternative<SpawnFailed>(event);
    if (has_ended || !is_looked_at(instance.life.state())) {
        host_.stop_probes(slot.key(instance));
        instance.health.reset();
    } else if (std::holds_alternative<Spawned>(event)) {
        drive_health(slot, instance, HealthCheck::Begun{instance.life.data().launched_at});
    }
}

void Supervisor::probed(const AppKey& key, ProbeKind kind, const ProbeResult& result) {
    Slot* slot = find_mutable(key.pm_id);
    Instance* instance = slot ? find_instance(*slot, key.incarnation) : nullptr;
    if (!instance || !instance->health) return;
    drive_health(*slot, *instance, HealthCheck::Probed{kind, result, host_.wall_now()});
    schedule(*slot);
}

void Supervisor::drive_health(Slot& slot, Instance& instance, const HealthCheck::Event& event) {
    const AppKey key = slot.key(instance);
    ProcessHealth& health = *instance.health;
    const bool is_gated = health.check.rules().gates();
    for (const HealthCheck::Action& action : health.check.handle(event, host_.now())) {
        if (const auto* ask = std::get_if<HealthCheck::Ask>(&action)) {
            ask_probe(slot, instance, ask->kind);
        } else if (std::holds_alternative<HealthCheck::BecomeReady>(action)) {
            if (!is_gated) return;
            host_.log(fmt::format("{} is ready: its probes succeed", log_label(slot)));
            host_.set_serving(key, true);
            dirty_.insert(slot.pm_id);
            const bool is_told = !health.needs_word || health.has_word;
            // The last thing to do: the instance may change its place by it.
            if (instance.life.state() == State::Starting && is_told) return apply(slot, instance, Ready{});
        } else if (const auto* unready = std::get_if<HealthCheck::BecomeUnready>(&action)) {
            host_.log(fmt::format("{} is not ready: {}", log_label(slot), unready->reason));
            host_.set_serving(key, false);
            dirty_.insert(slot.pm_id);
        } else if (const auto* end = std::get_if<HealthCheck::GiveUp>(&action)) {
            host_.log(fmt::format("{} is ended: {}", log_label(slot), end->reason));
            return apply(slot, instance, Unhealthy{end->reason});
        }
    }
}

void Supervisor::ask_probe(Slot& slot, Instance& instance, ProbeKind kind) {
    const AppKey key = slot.key(instance);
    const ProbeSpec& spec = instance.health->specs[static_cast<std::size_t>(kind)];
    if (!spec.trouble.empty())
        return post([this, key, kind, reason = spec.trouble] {
            probed(key, kind, {ProbeResult::Verdict::Failed, reason});
        });
    if (spec.kind != Kind::Exec) return host_.probe(key, kind, spec, nullptr);
    const LaunchSpec launch = spec_of_running(slot, instance);
    host_.probe(key, kind, spec, &launch);
}

// What it was started with: for the old process in a reload to another configuration that is not the slot's.
LaunchSpec Supervisor::spec_of_running(Slot& slot, const Instance& instance) {
    const bool is_older = slot.before && slot.incoming && &instance == &slot.current &&
                          instance.incarnation < slot.incoming->incarnation;
    if (is_older) std::swap(slot.config, *slot.before);
    LaunchSpec spec = launch_spec(slot, instance, settings_);
    if (is_older) std::swap(slot.config, *slot.before);
    return spec;
}

}  // namespace kpm::core

// The UvHost's part that looks at the health of processes.

#include <algorithm>
#include <utility>

#include "daemon/io/probe_connection.h"
#include "daemon/io/uv_host.h"

namespace kpm::io {

void UvHost::probe(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
                   const core::LaunchSpec* launch) {
    if (launch) return probes_.run(*keeper_, key, kind, spec, *launch);
    const Child* child = find(key);
    if (!child || !child->is_worker || !probe_worker(*child, kind, spec)) probes_.look(key, kind, spec);
}

// All workers of an app share its port: a connection to it could come to any. So the worker gets one of its
// own. False: the address is none that kpmd listens on for the app.
bool UvHost::probe_worker(const Child& child, core::ProbeKind kind, const core::ProbeSpec& spec) {
    PlaneProbe probe;
    if (child.is_node) {
        auto key = nodes_->key_at(worker_of(child.key), spec.address);
        if (!key) return false;
        probe.key = *std::move(key);
    } else {
        const auto sockets = pools_->sockets_of(child.pool);
        const auto found = std::ranges::find_if(
            sockets, [&](int listener) { return is_reached_at(listener, spec.address); });
        if (found == sockets.end()) return false;
        probe.listener = static_cast<std::uint64_t>(found - sockets.begin());
    }
    auto connection = make_connection(spec.address.hosts.empty());
    if (!connection) {
        callbacks_.probed(child.key, kind, {core::ProbeResult::Verdict::Unknown, connection.error().message});
        return true;
    }
    probe.connection = std::move(connection->second);
    const std::uint64_t look = probes_.look_over(std::move(connection->first), child.key, kind, spec);
    probe.answer = [this, sender = answers_.sender(), look](std::string trouble) {
        sender.push([this, look, trouble = std::move(trouble)] { probes_.taken(look, trouble); });
    };
    plane_.pass_probe(worker_of(child.key), std::move(probe));
    return true;
}

void UvHost::set_serving(const core::AppKey& key, bool serving) {
    const Child* child = find(key);
    if (child && child->is_worker) plane_.set_serving(worker_of(key), serving);
}

}  // namespace kpm::io

#include "daemon/io/probes.h"

#include <utility>

namespace kpm::io {

Probes::Probes(Loop& loop, ProcessScanner& scanner, std::string mark_name, ProbeCommands::Mark mark,
               Answer answer)
    : loop_(loop),
      answer_(std::move(answer)),
      commands_(loop, scanner, std::move(mark_name), std::move(mark)) {}

ProbeSocket& Probes::add(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec) {
    const Place place{key.incarnation, next_look_++};
    auto& socket = sockets_[place];
    socket = std::make_unique<ProbeSocket>(
        loop_, spec,
        ProbeSocket::Callbacks{
            .on_result = [this, key, kind](const core::ProbeResult& result) { answer_(key, kind, result); },
            .on_over =
                [this, place] {
                    incarnations_.erase(place.second);
                    // Its own callback is running.
                    const auto over = sockets_.extract(place);
                }});
    return *socket;
}

void Probes::look(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec) {
    add(key, kind, spec).begin();
}

std::uint64_t Probes::look_over(UniqueFd connected, const core::AppKey& key, core::ProbeKind kind,
                                const core::ProbeSpec& spec) {
    const std::uint64_t look = next_look_;
    incarnations_[look] = key.incarnation;
    add(key, kind, spec).begin_over(std::move(connected));
    return look;
}

void Probes::taken(std::uint64_t look, const std::string& trouble) {
    const auto it = incarnations_.find(look);
    if (it == incarnations_.end()) return;
    const auto socket = sockets_.find({it->second, look});
    if (socket != sockets_.end()) socket->second->taken(trouble);
}

void Probes::run(KeeperLink& keeper, const core::AppKey& key, core::ProbeKind kind,
                 const core::ProbeSpec& spec, const core::LaunchSpec& launch) {
    commands_.run(keeper, key, kind, spec, launch,
                  [this, key, kind](const core::ProbeResult& result) { answer_(key, kind, result); });
}

void Probes::stop(const core::AppKey& key) {
    const auto begin = sockets_.lower_bound({key.incarnation, 0});
    const auto end = sockets_.lower_bound({key.incarnation + 1, 0});
    for (auto it = begin; it != end; ++it) incarnations_.erase(it->first.second);
    sockets_.erase(begin, end);
    commands_.stop(key);
}

}  // namespace kpm::io

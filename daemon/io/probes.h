#pragma once
// The looks at processes that are under way, whatever their kind; each is answered once, within its timeout.
// Driven by the control loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "daemon/io/probe_commands.h"
#include "daemon/io/probe_socket.h"

namespace kpm::io {

class Probes {
public:
    using Answer = std::function<void(const core::AppKey&, core::ProbeKind, const core::ProbeResult& result)>;
    // Tells, later and perhaps from another thread, whether the process has got the connection: "" or why
    // not.
    using Taken = std::function<void(std::string trouble)>;

    Probes(Loop& loop, ProcessScanner& scanner, std::string mark_name, ProbeCommands::Mark mark,
           Answer answer);

    void look(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec);
    // At a process that is given the other end of the connection; -> the number for taken().
    std::uint64_t look_over(UniqueFd connected, const core::AppKey& key, core::ProbeKind kind,
                            const core::ProbeSpec& spec);
    void taken(std::uint64_t look, const std::string& trouble);
    void run(KeeperLink& keeper, const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
             const core::LaunchSpec& launch);
    void stop(const core::AppKey& key);

    ProbeCommands& commands() { return commands_; }

private:
    using Place = std::pair<std::uint64_t, std::uint64_t>;  // incarnation, number of the look

    ProbeSocket& add(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec);

    Loop& loop_;
    Answer answer_;
    ProbeCommands commands_;
    std::map<Place, std::unique_ptr<ProbeSocket>> sockets_;
    std::map<std::uint64_t, std::uint64_t> incarnations_;  // of the looks that look_over() began
    std::uint64_t next_look_ = 1;
};

}  // namespace kpm::io

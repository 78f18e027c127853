#include "daemon/keeper/launches.h"

namespace kpm::keeper {

bool Launches::has(std::uint64_t token) const {
    for (std::size_t i = 0; i < count_; ++i)
        if (entries_[(first_ + i) % kMost].packet.message.token == token) return true;
    return false;
}

void Launches::begin(int error, std::size_t before, std::uint32_t inherited, const rlimit& file_limit) {
    Entry& entry = at(count_++);
    const ReceivedFds& with = entry.packet.with;
    entry.error = error;
    entry.plan = LaunchPlan{};
    entry.reader.emplace();
    if (error == 0 && before > 0)
        entry.error = entry.reader->read(with.fds[0].get(), inherited, file_limit, entry.plan);
    else if (error == 0)
        entry.error = entry.reader->read(entry.packet.spec, inherited, file_limit, entry.plan);
    if (entry.error != 0) return;
    entry.plan.fds = with.fds + before;
    ::sigemptyset(&entry.plan.blocked_signals);
    entry.launch.begin(entry.plan);
}

Launches::Outcome Launches::finish() {
    Entry& entry = at(0);
    first_ = (first_ + 1) % kMost;
    --count_;
    Outcome outcome{entry.packet.message.token, {-1, SpawnStage::Request, entry.error}};
    if (entry.error == 0) outcome.launched = entry.launch.finish();
    entry.packet.with.close();
    entry.reader.reset();
    return outcome;
}

}  // namespace kpm::keeper

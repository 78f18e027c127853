// The table of what rows say of a slot's state, and those who go by it.
#include <set>

#include "daemon/core/state_members.h"
#include "tests/unit/core/commands_bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

std::set<std::string> names_of(const Slot& slot) {
    std::set<std::string> names;
    visit_state(slot, nullptr, [&](std::string_view name, const auto&) { names.emplace(name); });
    CHECK(names.erase(slot.config->instance_var) == 1);
    return names;
}

// With all that a slot can have.
Slot full_slot() {
    Slot slot;
    LifecycleData life{.exit_code = 1, .exit_signal = 9, .failure = "no such file"};
    life.history.backoff = Duration{100};
    slot.current.life = Lifecycle(LifecyclePolicy{}, life);
    slot.current.health = std::make_unique<ProcessHealth>();
    slot.tell().node_version = "20.0.0";
    slot.tell().status_text = "busy";
    slot.watch_trouble = "too many files";
    slot.gpu = std::make_unique<SlotGpu>();
    slot.log_losses = std::make_unique<LogLosses>();
    return slot;
}

}  // namespace

TEST_CASE("state members: the table has all that rows say, and knows what is not always there",
          "[unit][rows]") {
    std::set<std::string> all, always;
    for (const StateMember& member : kStateMemberTable) {
        all.emplace(member.name);
        if (!member.is_occasional) always.emplace(member.name);
    }
    CHECK(names_of(full_slot()) == all);
    CHECK(names_of(Slot()) == always);
}

TEST_CASE("state members: none of them outlives the dump that it was saved in", "[unit][commands]") {
    Server server;
    Json saved = wire();
    saved.erase("instances");
    for (const StateMember& member : kStateMemberTable) saved[std::string(member.name)] = "old";
    server.call("prepare", Json::array({saved}));
    REQUIRE(server.supervisor.find(0));
    const Json& extra = server.supervisor.find(0)->config->extra;
    for (const StateMember& member : kStateMemberTable) {
        INFO(member.name);
        CHECK(extra.contains(std::string(member.name)) == member.is_given);
    }
}

// The file of strikes, which a crash may have left half written: any bytes become a table within its limits,
// whose text is read back as it is.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "render-worker/server/strike_table.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kpm;
    using fuzz::require;
    using render::StrikeTable;
    const render::UnixTime now(std::chrono::seconds(1'700'000'000));
    const StrikeTable table =
        StrikeTable::parse(std::string_view(reinterpret_cast<const char*>(data), size), now);
    require(table.jobs().size() <= StrikeTable::kMaxJobs, "the table is bounded");
    for (const StrikeTable::Job& job : table.jobs()) {
        require(job.strikes > 0 && job.strikes <= StrikeTable::kMaxStrikes, "strikes are bounded");
        require(job.forgotten_at > now && job.forgotten_at <= now + StrikeTable::kMemory,
                "every job is forgotten one day");
    }
    require(StrikeTable::parse(table.text(), now).jobs() == table.jobs(), "its text is read back");
    StrikeTable more = table;
    require(more.add(1, now) >= 1 && more.find(1, now), "there is room for one more");
    return 0;
}

// A line with a schedule, and after it perhaps a line with a rule for a time zone. The next times of what is
// understood ascend, and they do not depend on when one asks.

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/cron.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

namespace {

void run_through(const CronSchedule& schedule, const TimeZone& zone, EpochTime from) {
    for (int i = 0; i < 20; ++i) {
        const auto next = schedule.next_after(from, zone);
        if (!next) return;
        fuzz::require(*next > from && next->since_epoch % 1000 == 0, "the next time is a later full second");
        const std::int64_t between = from.since_epoch + (next->since_epoch - from.since_epoch) / 2;
        if (between >= 0)
            fuzz::require(schedule.next_after({between}, zone) == next,
                          "it does not depend on when one asks");
        from = *next;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\n'));
    const auto zone = text.size() < size ? TimeZone::parse_rule(input.substr(text.size() + 1)) : TimeZone();
    const auto schedule = CronSchedule::parse(text);
    if (!schedule) {
        fuzz::require(schedule.error().message.starts_with("cannot parse '"),
                      "an error says what was to be parsed");
        return 0;
    }
    for (const std::int64_t year : {0, 54, 500, 8000})
        run_through(*schedule, zone ? *zone : TimeZone(), {year * 31'556'952'000 + 12'345});
    schedule->next_after({INT64_MAX}, TimeZone());
    schedule->next_after({INT64_MIN}, TimeZone());
    return 0;
}

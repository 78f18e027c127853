// A TZif file or a rule for a time zone. In what is understood, an instant is found again by its local time.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "daemon/core/time_zone.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

namespace {

constexpr std::int64_t kDay = 86400;

void look_around(const TimeZone& zone, std::int64_t time) {
    const std::chrono::sys_seconds instant{std::chrono::seconds{time}};
    const std::chrono::local_seconds local = zone.to_local(instant);
    const LocalLookup found = zone.look_up(local);
    fuzz::require(found.kind != LocalLookup::Kind::Never, "a local time that was is found");
    fuzz::require(found.first <= instant, "the first instant is not after any other");
    fuzz::require(found.resume > local, "a look-up leads on");
    fuzz::require(zone.to_local(found.first) == local && zone.to_local(found.second) == local,
                  "both instants show that local time");
    const LocalLookup later = zone.look_up(local + std::chrono::hours{1});
    fuzz::require(later.resume > local + std::chrono::hours{1}, "a look-up leads on");
}

void look_through(const Result<TimeZone>& zone) {
    if (!zone) {
        fuzz::require(!zone.error().message.empty(), "an error has a reason");
        return;
    }
    for (std::int64_t time = -100 * 365 * kDay; time < 200 * 365 * kDay; time += 97 * kDay + 12'345)
        look_around(*zone, time);
    zone->offset_at({INT64_MAX});
    zone->offset_at({INT64_MIN});
    zone->look_up(std::chrono::local_seconds::max());
    zone->look_up(std::chrono::local_seconds::min());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_through(TimeZone::parse_tzif(text));
    look_through(TimeZone::parse_rule(text));
    return 0;
}

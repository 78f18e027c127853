#pragma once
// A cron schedule: when is the next time? Pure: the caller brings the time and the time zone. The notation is
// described in cron_fields.h; a date (cron_date.h) stands for that one time.
//
// A schedule is a set of local times; each stands for one instant. A local time that the clock skips (put
// forward) is left out, one that comes twice (put back) counts the first time: croner's rule. So a job for
// 2:30 does not run on the day in spring without a 2:30, and one for every minute pauses for the hour that
// comes again in autumn.

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/core/cron_date.h"
#include "daemon/core/cron_fields.h"
#include "daemon/core/time.h"
#include "daemon/core/time_zone.h"
#include "ipc/base/result.h"

namespace kpm::core {

class CronSchedule {
public:
    // `made` is the local time that ? stands for; without one a schedule can still be checked.
    static Result<CronSchedule> parse(std::string_view text, std::chrono::local_seconds made = {});

    // The first time that is later than `after`; nullopt when there is none. Looks 400 years ahead, the time
    // in which the calendar repeats itself, or at the years that the schedule names.
    //
    // A clock that is adjusted can make a timer fire early: pass the later of now and the time that was due,
    // else the same time is found again.
    std::optional<EpochTime> next_after(EpochTime after, const TimeZone& zone) const;

    bool operator==(const CronSchedule&) const = default;

private:
    explicit CronSchedule(CronFields fields) : times_(std::move(fields)) {}
    explicit CronSchedule(CronDate date) : times_(date) {}

    std::variant<CronFields, CronDate> times_;
};

}  // namespace kpm::core

#include "daemon/core/time_zone.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace kpm::core {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

constexpr seconds kMostOffset{26 * 3600};
constexpr std::size_t kMostTransitions = 2000;  // what the reference implementation takes
constexpr std::size_t kHeaderSize = 44;

struct Header {
    char version = 0;
    std::size_t utc_flags = 0, standard_flags = 0, leaps = 0, transitions = 0, types = 0, name_bytes = 0;

    std::size_t body_size(std::size_t time_size) const {
        return transitions * (time_size + 1) + types * 6 + name_bytes + leaps * (time_size + 4) +
               standard_flags + utc_flags;
    }
};

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

std::int64_t signed_number(std::string_view bytes) {
    const std::uint64_t value = big_endian(bytes);
    return bytes.size() == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value))
                             : static_cast<std::int64_t>(value);
}

Error invalid(std::string_view reason) {
    return {ErrorCode::Invalid, std::string(reason)};
}

// A local time far outside of what anybody asks for is moved to where the arithmetic holds.
local_seconds within_time(local_seconds local) {
    constexpr seconds kMargin{7 * 86400};
    return std::clamp(local, local_seconds{(kBeginningOfTime + kMargin).time_since_epoch()},
                      local_seconds{(kEndOfTime - kMargin).time_since_epoch()});
}

}  // namespace

// One pass over the bytes of a file: the block with 32-bit times, and from version 2 on another with 64-bit
// times and the rule, which is then the one that counts.
class TzifReader {
public:
    explicit TzifReader(std::string_view bytes) : rest_(bytes) {}

    Result<TimeZone> read() {
        const auto old_header = read_header();
        if (!old_header) return old_header.error();
        if (old_header->version == 0) return read_body(*old_header, 4);
        if (old_header->body_size(4) > rest_.size()) return invalid("the file is cut off");
        rest_.remove_prefix(old_header->body_size(4));
        const auto header = read_header();
        if (!header) return header.error();
        return read_body(*header, 8);
    }

private:
    Result<Header> read_header() {
        if (!rest_.starts_with("TZif")) return invalid("it is not a TZif file");
        if (rest_.size() < kHeaderSize) return invalid("the file is cut off");
        const auto count = [&](std::size_t at) {
            return std::size_t{big_endian(rest_.substr(20 + 4 * at, 4))};
        };
        const Header header{.version = rest_[4],
                            .utc_flags = count(0),
                            .standard_flags = count(1),
                            .leaps = count(2),
                            .transitions = count(3),
                            .types = count(4),
                            .name_bytes = count(5)};
        rest_.remove_prefix(kHeaderSize);
        return header;
    }

    Result<TimeZone> read_body(const Header& header, std::size_t time_size) {
        if (header.body_size(time_size) > rest_.size()) return invalid("the file is cut off");
        if (header.transitions > kMostTransitions) return invalid("it lists too many transitions");
        if (header.types == 0) return invalid("it lists no offset");
        if (header.leaps > 0) return invalid("it counts leap seconds");
        const std::string_view times = rest_.substr(0, header.transitions * time_size);
        const std::string_view indices = rest_.substr(times.size(), header.transitions);
        const std::string_view types = rest_.substr(times.size() + indices.size(), header.types * 6);

        for (std::size_t i = 0; i < header.types; ++i) {
            const seconds offset{signed_number(types.substr(i * 6, 4))};
            if (offset <= -kMostOffset || offset >= kMostOffset)
                return invalid("an offset is longer than a day");
            offsets_.push_back(offset);
        }
        zone_.first_offset_ = offsets_.front();
        for (std::size_t i = 0; i < header.transitions; ++i) {
            const sys_seconds at{seconds{signed_number(times.substr(i * time_size, time_size))}};
            const auto type = static_cast<unsigned char>(indices[i]);
            if (type >= offsets_.size()) return invalid("a transition has an unknown offset");
            if (at <= kBeginningOfTime || at >= kEndOfTime)
                return invalid("a transition lies outside of time");
            if (i > 0 && at <= zone_.transitions_.back().at)
                return invalid("the transitions are not in order");
            zone_.transitions_.push_back({at, offsets_[type]});
        }
        rest_.remove_prefix(header.body_size(time_size));
        if (time_size == 8) {
            if (const auto footer = read_footer(); !footer) return footer.error();
        }
        return std::move(zone_);
    }

    Result<void> read_footer() {
        const std::size_t end = rest_.find('\n', 1);
        if (!rest_.starts_with('\n') || end == std::string_view::npos) return invalid("the file is cut off");
        const std::string_view text = rest_.substr(1, end - 1);
        if (text.empty()) return {};
        zone_.rule_ = TimeZoneRule::parse(text);
        if (!zone_.rule_) return invalid("its rule is damaged");
        return {};
    }

    std::string_view rest_;
    std::vector<seconds> offsets_;
    TimeZone zone_;
};

Result<TimeZone> TimeZone::parse_tzif(std::string_view bytes) {
    return TzifReader(bytes).read();
}

Result<TimeZone> TimeZone::parse_rule(std::string_view rule) {
    TimeZone zone;
    zone.rule_ = TimeZoneRule::parse(rule);
    if (!zone.rule_) return invalid("it is not a rule for a time zone");
    return zone;
}

ZonePeriod TimeZone::period_at(sys_seconds time) const {
    const auto next = std::ranges::upper_bound(transitions_, time, {}, &Transition::at);
    if (next == transitions_.end() && rule_) {
        ZonePeriod period = rule_->period_at(time);
        if (!transitions_.empty()) period.begin = std::max(period.begin, transitions_.back().at);
        return period;
    }
    const sys_seconds end = next == transitions_.end() ? kEndOfTime : next->at;
    if (next == transitions_.begin()) return {kBeginningOfTime, end, first_offset_};
    return {std::prev(next)->at, end, std::prev(next)->offset};
}

seconds TimeZone::offset_at(EpochTime time) const {
    using std::chrono::milliseconds;
    return period_at(std::chrono::floor<seconds>(
                         std::chrono::sys_time<milliseconds>(milliseconds{time.since_epoch})))
        .offset;
}

local_seconds TimeZone::to_local(EpochTime time) const {
    using std::chrono::milliseconds;
    return to_local(
        std::chrono::floor<seconds>(std::chrono::sys_time<milliseconds>(milliseconds{time.since_epoch})));
}

local_seconds TimeZone::to_local(sys_seconds time) const {
    return local_seconds{(time + period_at(time).offset).time_since_epoch()};
}

// All periods that may show `local` on the clock are tried, in their order.
LocalLookup TimeZone::look_up(local_seconds local) const {
    local = within_time(local);
    const sys_seconds as_utc{local.time_since_epoch()};
    std::optional<LocalLookup> found;
    std::optional<ZonePeriod> after;  // the first that begins after `local` on its own clock
    ZonePeriod period = period_at(as_utc - kMostOffset);
    while (true) {
        const sys_seconds instant = as_utc - period.offset;
        if (instant < period.begin) {
            if (!after) after = period;
        } else if (instant < period.end) {
            if (!found) {
                const local_seconds resume{(period.end + period.offset).time_since_epoch()};
                found = {LocalLookup::Kind::Once, instant, instant, resume};
            } else {
                found->kind = LocalLookup::Kind::Twice;
                found->second = instant;
            }
        }
        if (period.end >= as_utc + kMostOffset) break;
        period = period_at(period.end);
    }
    if (found) return *found;
    const local_seconds resume{(after->begin + after->offset).time_since_epoch()};
    return {LocalLookup::Kind::Never, after->begin, after->begin, resume};
}

}  // namespace kpm::core

#include "render-worker/dsp/quirk_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kpm::render {
namespace {

constexpr std::array kQuirks{
    QuirkEntry{"negative-phase-runs-away", &Quirks::negative_phase_runs_away,
               "an oscillator's phase wraps only at 1, so a negative frequency drives square and sawtooth to "
               "any height"},
    QuirkEntry{"wavetable-gain-floor", &Quirks::wavetable_gain_floor,
               "waves are mixed with (gain + 1) / 2: none is ever below one half"},
    QuirkEntry{
        "surround-merger", &Quirks::surround_merger,
        "wavetable and additive nodes put out 5.1 sound, all of it on the left front channel; mono that "
        "is added to it lands in the centre, at 0.707 of its strength once it is mixed down"},
    QuirkEntry{"first-channel-modulates", &Quirks::first_channel_modulates,
               "a parameter takes the first channel of what is connected to it and drops the others"},
    QuirkEntry{"filter-q-ignored", &Quirks::filter_q_ignored,
               "a filter's q is never applied: Q is 1, unless something is connected to it"},
    QuirkEntry{"delay-stops-at-a-second", &Quirks::delay_stops_at_a_second,
               "delays end at one second, though genomes ask for up to three"},
    QuirkEntry{"feedback-delay-silent", &Quirks::feedback_delay_silent,
               "nothing enters a feedback delay; else y(t) = x(t) + ratio · y(t - delay)"},
    QuirkEntry{"edges-click", &Quirks::edges_click,
               "the gain that should fade the first and last milliseconds is never connected"},
    QuirkEntry{"anti-aliasing-unreliable", &Quirks::anti_aliasing_unreliable,
               "most anti-aliased signals are whatever lies in freed memory; here such a request is refused"},
    QuirkEntry{"anti-aliasing-keeps-first-half", &Quirks::anti_aliasing_keeps_first_half,
               "of the signals at twice the rate the first half is kept, not every second sample: half the "
               "gesture, stretched"},
};
static_assert(kQuirks.size() * sizeof(bool) == sizeof(Quirks), "one row for each member");

std::string names() {
    std::string list;
    for (const QuirkEntry& quirk : kQuirks) list += fmt::format("{}{}", list.empty() ? "" : ", ", quirk.name);
    return list;
}

}  // namespace

std::span<const QuirkEntry> quirk_table() {
    return kQuirks;
}

Result<Quirks> quirks_of(const std::vector<std::string>& settings) {
    Quirks quirks;
    for (const std::string& setting : settings) {
        const auto refused = [&](const std::string& reason) {
            return Error{ErrorCode::Invalid, fmt::format("cannot use '--quirk {}': {}", setting, reason)};
        };
        const std::size_t equals = std::min(setting.find('='), setting.size());
        const std::string_view name = std::string_view(setting).substr(0, equals);
        const std::string_view value = std::string_view(setting).substr(equals);
        const auto known = std::ranges::find(kQuirks, name, &QuirkEntry::name);
        if (known == kQuirks.end()) return refused(fmt::format("expected one of {}", names()));
        if (value != "=off" && value != "=on")
            return refused(fmt::format("expected {0}=off or {0}=on", name));
        quirks.*known->member = value == "=on";
    }
    return quirks;
}

}  // namespace kpm::render

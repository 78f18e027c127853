#pragma once
// The rows of getMonitorData as JSON text. What rows.h makes of them, but written down at once: the
// environments are most of a list, each is in it twice, and a tree of them costs many times what their text
// does. Pure.

#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/core/rows.h"

namespace kpm::core {

// Writes rows. Remembers what of them comes from the configuration, which is most, and changes seldom: of up
// to kMostRows slots, in up to kMostBytes. The supervisor's commands drive it.
class RowTexts {
public:
    static constexpr std::size_t kMostRows = 256;
    static constexpr std::size_t kMostBytes = std::size_t{512} << 10;

    // Appends what row_with_usage(slot, usage, environment) is as text; the members of pm2_env may be in
    // another order.
    void append(std::string& text, const Slot& slot, const Usage& usage,
                Environment environment = Environment::Shown);

    // A list of this many rows is about to be written: all are forgotten if they are more than can be
    // remembered.
    void prepare(std::size_t rows);
    void forget(int pm_id);

    std::size_t remembered() const { return parts_.size(); }

private:
    struct Part {
        SlotConfig config;  // it is of this, for this id
        std::string unique_id;
        std::string text;
    };

    const Part* find(const Slot& slot);  // null: nothing is remembered of it as it is now
    void remember(const Slot& slot, std::string_view text);

    std::unordered_map<int, Part> parts_;  // by pm_id
    std::size_t bytes_ = 0;
    bool remembers_ = true;
};

}  // namespace kpm::core

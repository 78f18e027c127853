#pragma once
// The processes as the list shows them: filtered, ordered, one of them selected, each with the history of
// what it used. The selection follows the process, not its place. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/monit/history.h"
#include "cli/process_row.h"
#include "cli/session.h"

namespace kpm::cli::monit {

enum class Order { Id, Name, Cpu, Memory, Uptime, Restarts, Status };
inline constexpr int kOrders = 7;

std::string_view order_name(Order order);

struct Usage {
    History cpu;     // percent
    History memory;  // bytes
    History gpu;     // percent; what is not known counts as nothing
    History vram;    // bytes
};

class AppTable {
public:
    // A new state of all processes; adds to the histories. The ids of those that are gone.
    std::vector<std::int64_t> update(ProcessList list);

    void set_filter(std::string filter);
    void next_order();
    void select_by(long steps);  // down, or up when negative; stops at the ends

    const std::string& filter() const { return filter_; }
    Order order() const { return order_; }
    std::size_t size() const { return list_.rows.size(); }  // all, also those filtered out

    // Valid until the next update.
    const std::vector<const ProcessRow*>& shown() const { return shown_; }
    // Null when nothing is shown.
    const ProcessRow* selected() const;
    std::optional<std::size_t> selected_index() const;
    const Usage& usage(std::int64_t id) const;

private:
    void arrange();

    ProcessList list_;
    std::vector<const ProcessRow*> shown_;
    std::map<std::int64_t, Usage> usage_;
    std::string filter_;
    Order order_ = Order::Id;
    std::optional<std::int64_t> selected_;
    std::size_t selected_place_ = 0;  // where it was last, for when it goes
};

}  // namespace kpm::cli::monit

#include "cli/monit/app_table.h"

#include <algorithm>
#include <array>
#include <set>

#include "cli/gpu_view.h"
#include "ipc/base/text.h"

namespace kpm::cli::monit {
namespace {

constexpr std::array<std::string_view, kOrders> kOrderNames{"id",     "name",     "cpu",   "memory",
                                                            "uptime", "restarts", "status"};

std::int64_t started(const ProcessRow& row) {
    return row.status == "online" ? row.online_since : std::numeric_limits<std::int64_t>::max();
}

// What is high comes first where that is what one looks for.
bool comes_before(Order order, const ProcessRow& a, const ProcessRow& b) {
    switch (order) {
        case Order::Id:
            return a.id < b.id;
        case Order::Name:
            return a.name < b.name;
        case Order::Cpu:
            return a.cpu.value_or(0) > b.cpu.value_or(0);
        case Order::Memory:
            return a.memory.value_or(0) > b.memory.value_or(0);
        case Order::Uptime:
            return started(a) < started(b);
        case Order::Restarts:
            return a.restarts > b.restarts;
        case Order::Status:
            return a.status < b.status;
    }
    return false;
}

}  // namespace

std::string_view order_name(Order order) {
    return kOrderNames[static_cast<std::size_t>(order)];
}

std::vector<std::int64_t> AppTable::update(ProcessList list) {
    list_ = std::move(list);
    std::set<std::int64_t> present;
    for (const ProcessRow& row : list_.rows) {
        present.insert(row.id);
        Usage& usage = usage_[row.id];
        usage.cpu.add(row.cpu.value_or(0));
        usage.memory.add(static_cast<double>(row.memory.value_or(0)));
        if (!is_on_gpu(row)) continue;
        usage.gpu.add(row.gpu_percent.value_or(0));
        usage.vram.add(static_cast<double>(row.gpu_memory.value_or(0)));
    }
    std::vector<std::int64_t> gone;
    for (const auto& [id, usage] : usage_) {
        if (!present.contains(id)) gone.push_back(id);
    }
    for (const std::int64_t id : gone) usage_.erase(id);
    arrange();
    return gone;
}

void AppTable::set_filter(std::string filter) {
    filter_ = std::move(filter);
    arrange();
}

void AppTable::next_order() {
    order_ = static_cast<Order>((static_cast<int>(order_) + 1) % kOrders);
    arrange();
}

void AppTable::arrange() {
    shown_.clear();
    const std::string wanted = lower(filter_);
    for (const ProcessRow& row : list_.rows) {
        if (lower(row.name).find(wanted) != std::string::npos) shown_.push_back(&row);
    }
    std::ranges::stable_sort(shown_, {}, [](const ProcessRow* row) { return row->id; });
    std::ranges::stable_sort(
        shown_, [this](const ProcessRow* a, const ProcessRow* b) { return comes_before(order_, *a, *b); });
    if (const auto place = selected_index()) {
        selected_place_ = *place;
    } else if (!shown_.empty()) {
        // Its neighbour takes its place.
        selected_place_ = std::min(selected_place_, shown_.size() - 1);
        selected_ = shown_[selected_place_]->id;
    }
}

void AppTable::select_by(long steps) {
    if (shown_.empty()) return;
    const long last = static_cast<long>(shown_.size()) - 1;
    const long here = static_cast<long>(selected_place_);
    const long target = std::clamp(steps > last - here ? last : steps < -here ? 0 : here + steps, 0L, last);
    selected_place_ = static_cast<std::size_t>(target);
    selected_ = shown_[selected_place_]->id;
}

std::optional<std::size_t> AppTable::selected_index() const {
    if (!selected_) return std::nullopt;
    const auto place =
        std::ranges::find_if(shown_, [&](const ProcessRow* row) { return row->id == *selected_; });
    if (place == shown_.end()) return std::nullopt;
    return static_cast<std::size_t>(place - shown_.begin());
}

const ProcessRow* AppTable::selected() const {
    const auto place = selected_index();
    return place ? shown_[*place] : nullptr;
}

const Usage& AppTable::usage(std::int64_t id) const {
    static const Usage kNone;
    const auto entry = usage_.find(id);
    return entry == usage_.end() ? kNone : entry->second;
}

}  // namespace kpm::cli::monit

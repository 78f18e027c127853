#pragma once
// The processes that a command works on, given out in the order of their apps (ordered_work.h): an app is
// done when all of its processes are. Without relation among them: as they stand.

#include <deque>
#include <optional>
#include <vector>

#include "cli/ordered_work.h"

namespace kpm::cli {

class OrderedPlaces {
public:
    // One element for each process, with its app's name and needs.
    OrderedPlaces(Context& context, std::vector<WorkedApp> processes, OrderedWork::Order order,
                  std::string_view verb,
                  OrderedWork::OnFailure on_failure = OrderedWork::OnFailure::LeaveOut);

    // The place of a process that may be worked on; nullopt: none now.
    std::optional<std::size_t> next();
    void done(std::size_t place);
    // For something that is to complete. False: there is nothing to wait for.
    bool wait();
    bool is_good() const { return work_.is_good(); }

private:
    std::vector<WorkedApp> group(std::vector<WorkedApp> processes);

    std::vector<std::vector<std::size_t>> places_;  // by app
    std::vector<std::size_t> open_;                 // how many of them are not done
    std::vector<std::size_t> app_of_;               // by place
    std::deque<std::size_t> ready_;
    OrderedWork work_;
};

}  // namespace kpm::cli

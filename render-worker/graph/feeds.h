#pragma once
// The signals of network outputs that reach one node of the plan.

#include <string_view>
#include <vector>

#include "render-worker/genome/network_outputs.h"
#include "render-worker/graph/audio_param.h"

namespace kpm::render {

struct Feed {
    const NetworkOutput::Connection* connection = nullptr;
    Curve signal;
};

using Feeds = std::vector<Feed>;  // in the order of the network outputs

// The signal in the connection's range: (s + 1) / 2 · (hi - lo) + lo; or as it is, without a range.
Curve curve(const Feed& feed);

bool is_fed(const Feeds& feeds, std::string_view parameter);

// The curve of the last feed to `parameter`; null when there is none.
Curve last_curve(const Feeds& feeds, std::string_view parameter);

}  // namespace kpm::render

#pragma once
// What became of the launches, until it fits into the socket to kpmd.

#include <cstddef>

#include "daemon/keeper/launches.h"
#include "daemon/keeper/link.h"

namespace kpm::keeper {

class Answers {
public:
    bool is_empty() const { return count_ == 0; }
    // At most Launches::kMost at a time.
    void add(const Message& message, UniqueFd fd);
    Link::Sent send(Link& link);  // Yes: there are none any more
    void forget();

private:
    struct Answer {
        Message message;
        UniqueFd fd;
    };
    Answer answers_[Launches::kMost];
    std::size_t first_ = 0, count_ = 0;
};

}  // namespace kpm::keeper

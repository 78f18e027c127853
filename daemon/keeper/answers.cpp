#include "daemon/keeper/answers.h"

namespace kpm::keeper {

void Answers::add(const Message& message, UniqueFd fd) {
    answers_[(first_ + count_++) % Launches::kMost] = {message, std::move(fd)};
}

Link::Sent Answers::send(Link& link) {
    for (; count_ > 0; --count_) {
        Answer& next = answers_[first_];
        if (const auto sent = link.send(next.message, next.fd.get()); sent != Link::Sent::Yes) return sent;
        next.fd.reset();
        first_ = (first_ + 1) % Launches::kMost;
    }
    return Link::Sent::Yes;
}

void Answers::forget() {
    for (Answer& answer : answers_) answer.fd.reset();
    count_ = 0;
}

}  // namespace kpm::keeper

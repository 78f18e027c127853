#include "daemon/keeper/children.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace kpm::keeper {

UniqueFd open_pidfd(pid_t child) {
    return UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
}

Children::~Children() {
    for (std::size_t i = 0; i < capacity(); ++i) destroy(at(i));
    while (Child* child = spare_) {
        spare_ = child->next;
        destroy(child);
    }
}

bool Children::reserve(std::size_t more) {
    for (; spares_ < more; ++spares_) {
        Child* child = make<Child>();
        if (!child) return false;
        child->next = spare_;
        spare_ = child;
    }
    return by_token_.reserve(more) && by_pid_.reserve(more);
}

Child& Children::add(std::uint64_t token, pid_t pid) {
    Child& child = *spare_;
    spare_ = std::exchange(child.next, nullptr);
    --spares_;
    child.token = token;
    child.pid = pid;
    by_token_.insert(token, &child);
    by_pid_.insert(static_cast<std::uint64_t>(pid), &child);
    ++unwatched_;
    return child;
}

void Children::watch(Child& child, UniqueFd pidfd) {
    if (!pidfd || child.pidfd || !child.alive) return;
    child.pidfd = std::move(pidfd);
    --unwatched_;
}

void Children::mark_exited(pid_t pid, int exit_code, int signal) {
    Child* child = by_pid_.find(static_cast<std::uint64_t>(pid));
    if (!child) return;
    by_pid_.erase(static_cast<std::uint64_t>(pid));
    if (!child->pidfd) --unwatched_;
    child->pidfd.reset();
    child->alive = false;
    child->exit_code = exit_code;
    child->signal = signal;
    child->queued = true;
    child->previous = last_;
    (last_ ? last_->next : first_) = child;
    last_ = child;
}

void Children::dequeue(Child& child) {
    if (!child.queued) return;
    (child.previous ? child.previous->next : first_) = child.next;
    (child.next ? child.next->previous : last_) = child.previous;
    child.next = child.previous = nullptr;
    child.queued = false;
}

void Children::forget(Child& child) {
    dequeue(child);
    by_token_.erase(child.token);
    destroy(&child);
}

}  // namespace kpm::keeper

#include "daemon/keeper/launcher.h"

#include <cerrno>

namespace kpm::keeper {
namespace {

// The child of a launch has a stack of its own.
constexpr std::size_t kStackSize = 64 * 1024;

void wait(sem_t& semaphore) {
    while (::sem_wait(&semaphore) < 0 && errno == EINTR) continue;
}

}  // namespace

Launcher::~Launcher() {
    if (!is_started_) return;
    plan_ = nullptr;
    ::sem_post(&asked_);
    ::pthread_join(thread_, nullptr);
    ::sem_destroy(&asked_);
    ::sem_destroy(&done_);
}

int Launcher::start() {
    ::sem_init(&asked_, 0, 0);
    ::sem_init(&done_, 0, 0);
    pthread_attr_t attributes;
    if (const int error = ::pthread_attr_init(&attributes)) return error;
    int error = ::pthread_attr_setstacksize(&attributes, kStackSize);
    if (error == 0) error = ::pthread_create(&thread_, &attributes, &Launcher::run, this);
    ::pthread_attr_destroy(&attributes);
    is_started_ = error == 0;
    return error;
}

Launched Launcher::launch(const LaunchPlan& plan) {
    plan_ = &plan;
    ::sem_post(&asked_);
    wait(done_);
    return std::move(launched_);
}

void* Launcher::run(void* launcher) {
    auto& self = *static_cast<Launcher*>(launcher);
    while (true) {
        wait(self.asked_);
        if (!self.plan_) return nullptr;
        self.launched_ = keeper::launch(*self.plan_);
        ::sem_post(&self.done_);
    }
}

}  // namespace kpm::keeper

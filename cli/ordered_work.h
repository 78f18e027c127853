#pragma once
// The order in which a command works on several apps (depends_on), and the waits in between: for what others
// wait for in an app, and for nothing else. Driven by the command's loop: take() an app, work on it, say
// done() or failed(); when nothing is left to take or to be answered, wait() while is_waiting().
//
// An app that fails takes those along that depend on it, which is said on the console.

#include <string>
#include <string_view>
#include <vector>

#include "cli/process_row.h"
#include "ecosystem/dependency_order.h"

namespace kpm::cli {

struct Context;

struct WorkedApp {
    std::string name;
    ecosystem::Dependencies needs;
};

class OrderedWork {
public:
    enum class Order {
        DependenciesFirst,  // each is up, or has completed, before its dependents are taken
        DependentsFirst,
    };
    enum class OnFailure {
        LeaveOut,  // what depends on it
        GoOn,      // after the end of the wait
    };
    // `verb`: what is done to an app, for "cannot start 'web'".
    OrderedWork(Context& context, std::vector<WorkedApp> apps, Order order, std::string_view verb,
                OnFailure on_failure = OnFailure::LeaveOut);
    OrderedWork(const OrderedWork&) = delete;
    OrderedWork& operator=(const OrderedWork&) = delete;

    // An app by its place, the first that may be worked on. nullopt: none now.
    std::optional<std::size_t> take();
    // What it has started is in context.launches.
    void done(std::size_t app);
    void failed(std::size_t app);

    // Are there apps whose completion is waited for?
    bool is_waiting() const { return !ends_.empty(); }
    // Until one of them has ended.
    void wait();

    // Did anything fail, an app that ended wrongly included?
    bool is_good() const { return is_good_; }
    // Are there apps that were neither taken nor given up?
    bool has_more() const { return left_ > 0; }

private:
    void fail(std::size_t task, std::string reason);
    bool look(const std::vector<ProcessRow>& rows);

    Context& context_;
    std::vector<WorkedApp> apps_;
    std::string verb_;
    OnFailure on_failure_;
    ecosystem::StartOrder order_;
    std::vector<std::size_t> ends_;  // tasks
    std::size_t left_;
    bool is_good_ = true;
};

// How an app stands that others wait to have completed. Pure.
enum class Completion { Running, Completed, Failed };
// `why`: of Failed, "exit code 3".
Completion completion_of(std::string_view name, std::span<const ProcessRow> rows, std::string& why);

// The depends_on of a pm2_env, or of an app of a dump.
ecosystem::Dependencies needs_in(const Json& env);

}  // namespace kpm::cli

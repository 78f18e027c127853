#pragma once
// Which of several tasks may be begun, where some come after others. Tasks are numbers from 0. Driven by
// whoever does them: take() one, do it, say done() or fail(). Pure.

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

namespace kpm::ecosystem {

class Precedence {
public:
    explicit Precedence(std::size_t tasks);

    // Before the first take() only. Repetitions do no harm.
    void add(std::size_t before, std::size_t after);
    // Another task, its number.
    std::size_t add_task();

    // Tasks that come after one another in a circle: each before the next, the first once more at the end.
    // Empty: there is no circle.
    std::vector<std::size_t> circle() const;
    bool comes_before_others(std::size_t task) const { return !tasks_[task].followers.empty(); }

    // A task that nothing unfinished comes before, the lowest first; it is under way then. nullopt: one that
    // is under way must end first, or nothing is left. What is left when none is under way comes in a circle:
    // the lowest of it is given, so that everything has its turn.
    std::optional<std::size_t> take();
    void done(std::size_t task);
    // All that comes after it, directly or not, is never given; those tasks, in ascending order.
    std::vector<std::size_t> fail(std::size_t task);

private:
    struct Task {
        std::vector<std::size_t> followers;
        std::size_t waits_for = 0;  // unfinished tasks before it, as often as added
    };

    std::vector<Task> tasks_;
    std::set<std::size_t> open_;   // neither taken nor given up
    std::set<std::size_t> ready_;  // those of them that wait for nothing
    std::size_t under_way_ = 0;
};

}  // namespace kpm::ecosystem

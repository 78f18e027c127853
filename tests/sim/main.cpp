// sim_core [--seed N] [--seeds COUNT] [--apps N] [--events N] [--trace PM_ID]
// The supervisor through random faults in virtual time (simulation.h). A violation is printed with its seed;
// the same command line with that seed repeats it, and --trace prints the life of one slot on the way to it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tests/sim/simulation.h"

int main(int argc, char** argv) {
    kpm::sim::Options options;
    int seeds = 1;
    CLI::App program("The supervisor in a simulated world");
    program.add_option("--seed", options.seed, "the first seed");
    program.add_option("--seeds", seeds, "how many seeds, counted up from the first");
    program.add_option("--apps", options.apps);
    program.add_option("--events", options.events, "of each seed");
    program.add_option("--trace", options.traced, "prints what happens to this slot");
    CLI11_PARSE(program, argc, argv);
    for (int i = 0; i < seeds; ++i, ++options.seed) {
        try {
            const kpm::sim::Summary summary = kpm::sim::Simulation(options).run();
            fmt::print("seed {}: {} events, {} starts, {} requests, {} daemons, {} hours\n", options.seed,
                       summary.events, summary.spawns, summary.requests, summary.daemons,
                       summary.virtual_time.count());
        } catch (const std::exception& error) {
            fmt::print("seed {}: {}\nrepeat: sim_core --seed {} --apps {} --events {}\n", options.seed,
                       error.what(), options.seed, options.apps, options.events);
            return 1;
        }
    }
}

#pragma once
// The newest decoded genomes by their text, because clients ask for the same one with other notes and
// durations. Bounded by number and bytes; the one that was used last goes last. For one thread at a time; no
// I/O.

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "ipc/base/result.h"
#include "render-worker/genome/genome.h"

namespace kpm::render {

class GenomeCache {
public:
    struct Limits {
        std::size_t genomes = 16;
        std::size_t bytes = 512u << 10;  // of the texts and what is decoded from them
    };

    GenomeCache() = default;
    explicit GenomeCache(Limits limits) : limits_(limits) {}

    // `genome` as parse_genome() takes it, decoded now or before. What is too large for the cache is decoded
    // each time. Errors as parse_genome(); they are not kept.
    Result<std::shared_ptr<const Genome>> get(const Json& genome);

    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    struct Entry {
        std::size_t hash = 0;
        std::string text;
        std::shared_ptr<const Genome> genome;
        std::size_t bytes = 0;
    };

    const Limits limits_;
    std::list<Entry> entries_;  // the one used last is the first
    std::size_t bytes_ = 0;
};

// About how much memory it takes, in bytes.
std::size_t memory_of(const Genome& genome);

}  // namespace kpm::render

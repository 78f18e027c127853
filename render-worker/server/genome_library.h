#pragma once
// The genomes that requests may name: by URL (url_fetch.h) and from a database (genome_database.h), unzipped
// and within the limits.

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "render-worker/server/genome_loader.h"

namespace kpm::render {

struct LibraryOptions {
    std::string database;                      // path of a SQLite file; empty: there is none
    std::size_t max_genome = 32u << 20;        // bytes, unzipped
    std::chrono::milliseconds timeout{30000};  // from the request to its last byte
};

class GenomeLibrary final : public GenomeLoader {
public:
    explicit GenomeLibrary(LibraryOptions options) : options_(std::move(options)) {}

    Result<std::string> load(const GenomeAddress& address, const CancelFlag& cancelled) override;

private:
    LibraryOptions options_;
};

}  // namespace kpm::render

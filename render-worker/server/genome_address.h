#pragma once
// Where a genome is that a request names instead of bringing it along. Pure.

#include <string>
#include <string_view>

namespace kpm::render {

struct GenomeAddress {
    enum class Kind {
        Url,         // http or https
        DatabaseId,  // the key of a row of the genome database
    };
    Kind kind = Kind::Url;
    std::string text;

    bool operator==(const GenomeAddress&) const = default;
};

// Clients name kromosynth's own genome server as they see it, at port 3004 of their machine; the worker
// reaches it at `server` (http://127.0.0.1:3004 when empty). Other addresses stay as they are.
std::string as_seen_from_here(std::string_view url, std::string_view server);

// The genome of a run on kromosynth's genome server (http://127.0.0.1:4004 when `server` is empty).
std::string genome_url(std::string_view server, std::string_view run, std::string_view genome);

}  // namespace kpm::render

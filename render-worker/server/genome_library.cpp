#include "render-worker/server/genome_library.h"

#include "render-worker/server/genome_database.h"
#include "render-worker/server/gunzip.h"
#include "render-worker/server/url_fetch.h"

namespace kpm::render {

Result<std::string> GenomeLibrary::load(const GenomeAddress& address, const CancelFlag& cancelled) {
    Result<std::string> found =
        address.kind == GenomeAddress::Kind::Url
            ? fetch_url(address.text, {.max_bytes = options_.max_genome, .timeout = options_.timeout},
                        cancelled)
            : stored_genome(options_.database, address.text, options_.max_genome);
    if (!found) return found;
    return gunzip(*std::move(found), options_.max_genome);
}

}  // namespace kpm::render

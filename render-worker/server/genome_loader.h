#pragma once
// What gets the genomes that requests only name. The seam between the queue and the network and the database.

#include <string>

#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/server/genome_address.h"

namespace kpm::render {

class GenomeLoader {
public:
    virtual ~GenomeLoader() = default;
    // The genome as text (JSON, if all is well: that is looked at later). Called on several threads at once;
    // ends soon after `cancelled` is set. Errors: NotFound, Invalid (an address that may not be used, too
    // large, damaged), Unavailable (no answer in time).
    virtual Result<std::string> load(const GenomeAddress& address, const CancelFlag& cancelled) = 0;
};

}  // namespace kpm::render

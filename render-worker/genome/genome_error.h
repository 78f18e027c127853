#pragma once
// How errors about genomes are worded. What a genome says is quoted short and in printable ASCII.

#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::render {

// At most 40 characters, in single quotes; everything but printable ASCII is replaced by '?'.
std::string in_quotes(std::string_view text);

// cannot read genome: <place>: <reason>
Error genome_error(std::string_view place, std::string_view reason);

}  // namespace kpm::render

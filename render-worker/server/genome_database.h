#pragma once
// kromosynth's genome database: a SQLite file with a table `genomes`, whose `id` is the key and whose `data`
// is the genome's JSON, zipped.

#include <cstddef>
#include <string>

#include "ipc/base/result.h"

namespace kpm::render {

// `data` of the row, as it is stored. The file is opened for each call, for reading alone: it may be replaced
// while the worker runs. Errors: NotFound (no such row), Invalid (no database is given, longer than
// max_bytes), Io (no file, not a database, no such table). Called on any thread.
Result<std::string> stored_genome(const std::string& database, const std::string& id, std::size_t max_bytes);

}  // namespace kpm::render

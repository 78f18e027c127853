#pragma once
// What the lower panes say of the selected process: its metadata, as PM2's dashboard words them, and the
// metrics that it reports. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "cli/process_row.h"

namespace kpm::cli::monit {

struct Detail {
    std::string name;
    std::string value;
};

std::vector<Detail> metadata_of(const ProcessRow& row, std::int64_t now);
std::vector<Detail> metrics_of(const ProcessRow& row);

}  // namespace kpm::cli::monit

#include "daemon/core/config_text.h"

#include "ecosystem/wire_text.h"
#include "ipc/base/json_text.h"

namespace kpm::core {

const std::array<const ecosystem::Field*, 3>& path_fields() {
    static const std::array<const ecosystem::Field*, 3> kFields{ecosystem::find_field("out_file"),
                                                                ecosystem::find_field("error_file"),
                                                                ecosystem::find_field("pid_file")};
    return kFields;
}

std::array<std::pair<std::string_view, const std::string*>, 3> path_members(const SlotConfig::Paths& paths) {
    const auto& fields = path_fields();
    return {{{fields[0]->wire_key, &paths.out_file},
             {fields[1]->wire_key, &paths.error_file},
             {fields[2]->wire_key, &paths.pid_file}}};
}

void append_paths(std::string& text, const SlotConfig::Paths& paths) {
    for (const auto& [name, path] : path_members(paths)) {
        append_key(text, name);
        append_json(text, std::string_view(*path));
    }
}

void append_config(std::string& text, const SlotConfig& config) {
    text += '{';
    ecosystem::append_wire(text, *config, path_fields(), {});
    append_paths(text, config.paths());
    text += '}';
}

}  // namespace kpm::core

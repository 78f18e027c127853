#include "render-worker/genome/json_text.h"

#include <vector>

#include "ipc/base/json.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {
Result<Json> parse_json_text(std::string_view text, std::string_view place) {
    JsonFault fault;
    Json value = parse_json(text, {.levels = kMaxJsonDepth, .parts = kMaxJsonParts}, &fault);
    if (!value.is_discarded()) return value;
    return genome_error(place, fault.kind == JsonFault::Kind::TooDeep   ? "nested too deeply"
                               : fault.kind == JsonFault::Kind::TooMuch ? "too many values"
                                                                        : "not valid JSON");
}

bool nested_too_deeply(const Json& value) {
    std::vector<const Json*> level = {&value};
    for (std::size_t depth = 0; !level.empty(); ++depth) {
        if (depth > kMaxJsonDepth) return true;
        std::vector<const Json*> below;
        for (const Json* item : level)
            if (item->is_structured())
                for (const Json& child : *item)
                    if (child.is_structured()) below.push_back(&child);
        level = std::move(below);
    }
    return false;
}

}  // namespace kpm::render

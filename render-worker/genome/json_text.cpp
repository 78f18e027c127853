#include "render-worker/genome/json_text.h"

#include <vector>

#include "ipc/base/json.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {
constexpr int kMaxDepth = 64;
}  // namespace

Result<Json> parse_json_text(std::string_view text, std::string_view place) {
    bool too_deep = false;
    const auto keep = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kMaxDepth;
        return !too_deep;
    };
    Json value = Json::parse(text, keep, false);
    if (too_deep) return genome_error(place, "nested too deeply");
    if (value.is_discarded()) return genome_error(place, "not valid JSON");
    return value;
}

bool nested_too_deeply(const Json& value) {
    std::vector<const Json*> level = {&value};
    for (int depth = 0; !level.empty(); ++depth) {
        if (depth > kMaxDepth) return true;
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

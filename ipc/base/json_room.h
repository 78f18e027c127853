#pragma once
// Room for the members of a large object. An object is a vector of pairs with constant keys: when it grows,
// every key is copied, which is most of the cost of an environment.

#include <cstddef>

#include "ipc/base/json.h"

namespace kpm {

// `object` must be one.
inline void make_room(Json& object, std::size_t members) {
    object.get_ref<Json::object_t&>().reserve(members);
}

}  // namespace kpm

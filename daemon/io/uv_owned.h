#pragma once
// Ownership of libuv handles. A handle's memory belongs to libuv until its close callback, so a wrapper owns
// a heap box {handle, callbacks}, whose deleter closes the handle and lets the close callback delete the box.
// Thus an owner may die at any time, inside its own callback too. Before the init call succeeded the box is a
// plain unique_ptr.

#include <uv.h>

#include <memory>

namespace kpm::io {

struct CloseThenDelete {
    template <class Box>
    void operator()(Box* box) const {
        box->handle.data = box;
        uv_close(reinterpret_cast<uv_handle_t*>(&box->handle),
                 [](uv_handle_t* handle) { delete static_cast<Box*>(handle->data); });
    }
};

template <class Box>
using UvOwned = std::unique_ptr<Box, CloseThenDelete>;

// After a successful init: from here on the handle must be closed.
template <class Box>
UvOwned<Box> own(std::unique_ptr<Box> initialised) {
    initialised->handle.data = initialised.get();
    return UvOwned<Box>(initialised.release());
}

}  // namespace kpm::io

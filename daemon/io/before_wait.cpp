#include "daemon/io/before_wait.h"

#include <memory>
#include <utility>

namespace kpm::io {

BeforeWait::BeforeWait(Loop& loop, std::function<void()> work) {
    auto box = std::make_unique<Box>();
    box->work = std::move(work);
    uv_prepare_init(loop.raw(), &box->handle);  // cannot fail, nor can the start
    box_ = own(std::move(box));
    uv_prepare_start(&box_->handle,
                     [](uv_prepare_t* handle) noexcept { static_cast<Box*>(handle->data)->work(); });
}

}  // namespace kpm::io

#include "daemon/io/open_log_files.h"

namespace kpm::io {

void OpenLogFiles::used(LogFile& file) {
    if (!order_.empty() && order_.front() == &file) return;
    if (const auto place = places_.find(&file); place != places_.end()) {
        order_.splice(order_.begin(), order_, place->second);
        return;
    }
    places_[&file] = order_.insert(order_.begin(), &file);
    if (order_.size() <= limit_) return;
    LogFile& oldest = *order_.back();
    oldest.close();
    forget(oldest);
}

void OpenLogFiles::forget(LogFile& file) {
    const auto place = places_.find(&file);
    if (place == places_.end()) return;
    order_.erase(place->second);
    places_.erase(place);
}

}  // namespace kpm::io

#include "daemon/io/own_folder.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>

namespace kpm::io {

std::string own_folder() {
    std::array<char, PATH_MAX> buffer;
    const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
    if (size <= 0) return "";
    const std::string_view path(buffer.data(), static_cast<std::size_t>(size));
    return std::string(path.substr(0, path.rfind('/')));
}

}  // namespace kpm::io

#include "ipc/base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace kpm {
namespace {

ErrorCode code_of(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ESRCH:
        case ENOTDIR:
            return ErrorCode::NotFound;
        case EEXIST:
        case EADDRINUSE:
            return ErrorCode::Exists;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::Denied;
        case EINVAL:
        case ENAMETOOLONG:
        case E2BIG:
            return ErrorCode::Invalid;
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case EAGAIN:
        case ETIMEDOUT:
            return ErrorCode::Unavailable;
        default:
            return ErrorCode::Io;
    }
}

}  // namespace

Error os_error(std::string_view verb, std::string_view object, int error_number) {
    return {code_of(error_number),
            fmt::format("cannot {} '{}': {}", verb, object, std::strerror(error_number))};
}

}  // namespace kpm

#include "render-worker/server/gunzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

namespace kpm::render {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16: a gzip header
constexpr std::size_t kStep = 256u << 10;
constexpr int kMaxLayers = 2;

struct EndInflate {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

Error damaged(std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot unzip 'genome': {}", reason)};
}

Result<std::string> unzip_once(const std::string& bytes, std::size_t max_bytes) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) return damaged("out of memory");
    const std::unique_ptr<z_stream, EndInflate> ender(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string result;
    for (int status = Z_OK; status != Z_STREAM_END;) {
        const std::size_t done = result.size();
        // One byte more than allowed, so that an end at the limit can be told from going on.
        result.resize(std::min(done + kStep, max_bytes + 1));
        stream.next_out = reinterpret_cast<Bytef*>(result.data() + done);
        stream.avail_out = static_cast<uInt>(result.size() - done);
        status = inflate(&stream, Z_NO_FLUSH);
        result.resize(result.size() - stream.avail_out);
        if (result.size() > max_bytes) return damaged(fmt::format("it is longer than {} bytes", max_bytes));
        if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0))
            return damaged("it ends too early");
        if (status != Z_OK && status != Z_STREAM_END)
            return damaged(stream.msg ? stream.msg : "it is no gzip data");
    }
    return result;
}

}  // namespace

bool is_gzip(std::string_view bytes) {
    return bytes.starts_with("\x1f\x8b");
}

Result<std::string> gunzip(std::string bytes, std::size_t max_bytes) {
    for (int layer = 0; layer < kMaxLayers && is_gzip(bytes); ++layer) {
        Result<std::string> unzipped = unzip_once(bytes, max_bytes);
        if (!unzipped) return unzipped;
        bytes = *std::move(unzipped);
    }
    return bytes;
}

}  // namespace kpm::render

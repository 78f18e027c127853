// Where genomes are to be had, and how they are unzipped.

#include <zlib.h>

#include <catch2/catch.hpp>
#include <string>

#include "render-worker/server/genome_address.h"
#include "render-worker/server/gunzip.h"

using namespace kpm;
using namespace kpm::render;

namespace {

std::string zipped(const std::string& text) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string bytes(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}

}  // namespace

TEST_CASE("genome address: the genome server is where the worker sees it", "[unit][render_server]") {
    CHECK(as_seen_from_here("http://localhost:3004/a?b", "http://s:1/") == "http://s:1/a?b");
    CHECK(as_seen_from_here("http://127.0.0.1:3004/a", "https://s") == "https://s/a");
    CHECK(as_seen_from_here("http://localhost:3004/a", "") == "http://127.0.0.1:3004/a");
    for (const char* other : {"http://localhost:30040/a", "https://localhost:3004/a",
                              "http://x/localhost:3004", "http://127.0.0.1:3004.example.org/a", ""})
        CHECK(as_seen_from_here(other, "http://s") == other);
    CHECK(genome_url("", "r", "g") == "http://127.0.0.1:4004/evoruns/r/genome/g?format=raw");
    CHECK(genome_url("http://s/", "../x", "\xc3\xa9") == "http://s/evoruns/..%2Fx/genome/%C3%A9?format=raw");
}

TEST_CASE("gunzip: zipped once, twice or not at all", "[unit][render_server]") {
    const std::string text(100000, 'a');
    CHECK(gunzip(text, 10).value() == text);  // the limit is that of the unzipping
    CHECK(gunzip(zipped(text), text.size()).value() == text);
    CHECK(gunzip(zipped(zipped(text)), text.size()).value() == text);
    CHECK(gunzip(zipped(""), 10).value().empty());
    CHECK(gunzip("", 10).value().empty());
}

TEST_CASE("gunzip: what is damaged or too long is refused", "[unit][render_server]") {
    const std::string bytes = zipped(std::string(100000, 'a'));
    CHECK(gunzip(bytes, 99999).error().message == "cannot unzip 'genome': it is longer than 99999 bytes");
    CHECK(gunzip(bytes.substr(0, bytes.size() / 2), 1u << 20).error().message ==
          "cannot unzip 'genome': it ends too early");
    CHECK(gunzip(bytes.substr(0, bytes.size() - 1), 1u << 20).error().message ==
          "cannot unzip 'genome': it ends too early");
    std::string wrong = bytes;
    wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1);  // its checksum
    CHECK(gunzip(wrong, 1u << 20).error().message == "cannot unzip 'genome': incorrect data check");
    CHECK(gunzip("\x1f\x8b", 10).error().message == "cannot unzip 'genome': it ends too early");
}

#include "ipc/amp_frame.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::ipc;

namespace {

const std::string kPing{
    "\x12\0\0\0\x2dj:{\"type\":\"call\",\"method\":\"ping\",\"args\":[{}]}\0\0\0\x08s:4614:1", 62};

// All frames of `bytes`, fed in chunks of `size`.
std::vector<AmpFrame> decode(std::string_view bytes, std::size_t size, AmpLimits limits = {}) {
    AmpDecoder decoder(limits);
    std::vector<AmpFrame> frames;
    while (!bytes.empty()) {
        decoder.feed(bytes.substr(0, size));
        bytes.remove_prefix(std::min(size, bytes.size()));
        while (true) {
            auto frame = decoder.next();
            REQUIRE(frame);
            if (!*frame) break;
            frames.push_back(**std::move(frame));
        }
    }
    CHECK_FALSE(decoder.is_inside_frame());
    CHECK(decoder.buffered() == 0);
    return frames;
}

Error failure_of(std::string_view bytes, AmpLimits limits = {}) {
    AmpDecoder decoder(limits);
    decoder.feed(bytes);
    auto frame = decoder.next();
    REQUIRE_FALSE(frame);
    return frame.error();
}

}  // namespace

TEST_CASE("amp: a frame is encoded as PM2 writes it", "[unit][ipc]") {
    const Json call = {{"type", "call"}, {"method", "ping"}, {"args", Json::array({Json::object()})}};
    CHECK(encode_frame({{json_arg(call), text_arg("4614:1")}}) == kPing);
    CHECK(encode_frame({{blob_arg("\x01\x02")}}) == std::string("\x11\0\0\0\x02\x01\x02", 7));
}

TEST_CASE("amp: frames come out the same in any chunking", "[unit][ipc]") {
    const AmpFrame mixed{
        {text_arg("a"), blob_arg(""), json_arg(Json("\xc3\xa9")), blob_arg("x"), text_arg("")}};
    const std::string bytes = kPing + encode_frame(mixed) + kPing;
    const std::vector<AmpFrame> whole = decode(bytes, bytes.size());
    REQUIRE(whole.size() == 3);
    CHECK(whole[0].args[1] == text_arg("4614:1"));
    CHECK(whole[1] == mixed);
    for (std::size_t size = 1; size < bytes.size(); ++size) CHECK(decode(bytes, size) == whole);
}

TEST_CASE("amp: the version is ignored, a last argument of no bytes ends the frame", "[unit][ipc]") {
    CHECK(decode(std::string("\xf1\0\0\0\x01x", 6), 1) == std::vector<AmpFrame>{{{blob_arg("x")}}});
    CHECK(decode(std::string("\x12\0\0\0\x01x\0\0\0\0", 10), 1) ==
          std::vector<AmpFrame>{{{blob_arg("x"), blob_arg("")}}});
}

TEST_CASE("amp: fifteen arguments pass, a frame without arguments is refused", "[unit][ipc]") {
    const AmpFrame most{std::vector<AmpArg>(kMaxAmpArgs, text_arg("x"))};
    CHECK(decode(encode_frame(most), 7) == std::vector<AmpFrame>{most});
    CHECK(failure_of("\x10").message == "cannot read a frame: it has no arguments");
    CHECK(failure_of("\x13", {.max_args = 2}).code == ErrorCode::Invalid);
}

TEST_CASE("amp: a length over the limit is refused before its bytes come", "[unit][ipc]") {
    CHECK(failure_of(std::string("\x11\xff\xff\xff\xff", 5)).message ==
          "cannot read a frame: an argument of 4294967295 bytes is over the limit of 67108864");
    const AmpLimits small{.max_arg_size = 4, .max_frame_size = 6};
    CHECK(decode(std::string("\x11\0\0\0\x04"
                             "abcd",
                             9),
                 1, small)
              .size() == 1);
    CHECK(failure_of(std::string("\x11\0\0\0\x05", 5), small).code == ErrorCode::Invalid);
    CHECK(failure_of(std::string("\x12\0\0\0\x04"
                                 "abcd\0\0\0\x03",
                                 13),
                     small)
              .code == ErrorCode::Invalid);
}

TEST_CASE("amp: after an error the decoder takes no more and holds nothing", "[unit][ipc]") {
    AmpDecoder decoder;
    decoder.feed("\x10 rubbish");
    REQUIRE_FALSE(decoder.next());
    decoder.feed(kPing);
    CHECK_FALSE(decoder.next());
    CHECK(decoder.buffered() == 0);
}

TEST_CASE("amp: an announced length takes no memory, an unfinished frame is held once", "[unit][ipc]") {
    AmpDecoder decoder;
    decoder.feed(std::string("\x11\x03\xff\xff\xff", 5));
    REQUIRE(decoder.next());
    CHECK(decoder.buffered() == 0);
    for (std::size_t round = 1; round <= 100; ++round) {
        decoder.feed(std::string(1000, 'x'));
        REQUIRE(decoder.next());
        CHECK(decoder.buffered() == round * 1000);
    }
    CHECK(decoder.is_inside_frame());
}

TEST_CASE("amp: many frames in one chunk and reads that lag behind", "[unit][ipc]") {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes += kPing;
    CHECK(decode(bytes, bytes.size()).size() == 1000);

    AmpDecoder decoder;
    decoder.feed(bytes);
    for (int i = 0; i < 500; ++i) REQUIRE(decoder.next().value());
    decoder.feed(kPing);
    for (int i = 0; i < 501; ++i) REQUIRE(decoder.next().value());
    CHECK_FALSE(decoder.next().value());
}

TEST_CASE("amp: text that is no UTF-8 still makes a JSON argument", "[unit][ipc]") {
    CHECK(json_arg(Json("a\xff")).body == "\"a\xef\xbf\xbd\"");
}

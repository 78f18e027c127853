// A stream of frames, each read as a request, a reply and an event; what is understood is written and read
// again.

#include <cstdint>

#include "ipc/rpc_message.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::ipc;

namespace {

AmpFrame reread(const std::string& bytes) {
    AmpDecoder decoder;
    decoder.feed(bytes);
    Result<std::optional<AmpFrame>> frame = decoder.next();
    fuzz::require(frame && *frame && decoder.buffered() == 0, "an encoded message is one frame");
    return **std::move(frame);
}

void read_as_everything(const AmpFrame& frame) {
    if (const Result<Incoming> incoming = decode_request(frame)) {
        if (const auto* request = std::get_if<Request>(&*incoming)) {
            const Result<Incoming> again = decode_request(reread(encode(*request)));
            fuzz::require(again && *again == *incoming, "a request written is the request again");
        } else if (const auto* reply = std::get_if<Reply>(&*incoming)) {
            encode(*reply);
        }
    }
    (void)value_text(frame);
    if (const Result<Reply> reply = decode_reply(frame)) {
        const Result<Reply> again = decode_reply(reread(encode(*reply)));
        fuzz::require(again && *again == *reply, "a reply written is the reply again");
        const AmpFrame written = reread(encode(*reply));
        fuzz::require(reply_id(written) == reply->id || reply->id.empty(), "a reply has its id");
        const auto* values = std::get_if<Values>(&reply->result);
        const std::string text(value_text(written));
        fuzz::require(text.empty() || (values && parse_json("[" + text + "]") == values->args),
                      "the text of a value is the value");
    }
    if (const Result<Event> event = decode_event(frame)) {
        const Result<Event> again = decode_event(reread(encode_event(event->topic, event->payload)));
        fuzz::require(again && *again == *event, "an event written is the event again");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    AmpDecoder decoder;
    decoder.feed({reinterpret_cast<const char*>(data), size});
    while (true) {
        Result<std::optional<AmpFrame>> frame = decoder.next();
        if (!frame || !*frame) break;
        read_as_everything(**frame);
    }
    // Mutated lengths rarely fit their bytes; the JSON alone gets further.
    const std::string text(reinterpret_cast<const char*>(data), size);
    read_as_everything({{AmpArg{AmpKind::Json, text}, text_arg("1:1")}});
    return 0;
}

#include "serve/session.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

#include "serve/conditions.h"

namespace kpm::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::uint32_t kMaxHead = 16u << 10;
constexpr std::uint64_t kMaxBody = 64u << 10;  // nobody has a reason to send one
constexpr std::size_t kChunk = 64u << 10;
constexpr std::size_t kMaxBuffer = 128u << 10;
// For a whole request, the silence before it included.
constexpr std::chrono::seconds kRequestTime{10};
// For one chunk: a client that takes less than some 2 KiB/s is given up.
constexpr std::chrono::seconds kChunkTime{30};
// What a client sends that is not wanted is read this long, so that the answer is not lost to a reset.
constexpr std::chrono::seconds kDiscardTime{2};

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

bool is_malformed(const beast::error_code& error) {
    return error && error.category() == make_error_code(http::error::end_of_stream).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

unsigned refusal_of(const beast::error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, Owner owner)
    : stream_(std::move(socket)), owner_(std::move(owner)), buffer_(kMaxBuffer) {}

Session::~Session() {
    owner_.ended();
}

void Session::start() {
    boost::system::error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    read();
}

void Session::drain() {
    draining_ = true;
    if (!busy_) stream_.close();
}

void Session::close_idle() {
    idle_since_.reset();
    stream_.close();
}

void Session::read() {
    busy_ = false;
    idle_since_ = Clock::now();
    parser_.emplace();
    parser_->header_limit(kMaxHead);
    parser_->body_limit(kMaxBody);
    stream_.expires_after(kRequestTime);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const beast::error_code& error, std::size_t) { self->on_read(error); });
    owner_.idle();
}

void Session::on_read(const beast::error_code& error) {
    idle_since_.reset();
    if (is_malformed(error)) return write(plain_answer(refusal_of(error), "Bad Request"), false);
    if (error) return;  // the client left, or the time is up
    const auto& request = parser_->get();
    const auto field = [&](http::field name) { return view(request[name]); };
    const auto tags = request.find(http::field::if_none_match);
    const Request parts{.method = view(request.method_string()),
                        .target = view(request.target()),
                        .authorization = field(http::field::authorization),
                        .range = field(http::field::range),
                        .if_range = field(http::field::if_range),
                        .if_modified_since = field(http::field::if_modified_since),
                        .if_none_match = tags == request.end()
                                             ? std::nullopt
                                             : std::optional<std::string_view>(view(tags->value()))};
    without_body_ = parts.method == "HEAD";
    write(owner_.answer(parts), request.keep_alive() && owner_.may_stay());
}

void Session::write(Answer answer, bool keep_alive) {
    busy_ = true;
    answer_ = std::move(answer);
    sent_ = 0;
    head_ = Head(static_cast<http::status>(answer_.status), 11);
    for (const auto& [name, value] : answer_.headers) head_.set(name, value);
    head_.set(http::field::date, http_date(std::time(nullptr)));
    const bool has_size = answer_.status != 304 && answer_.status != 204;
    if (has_size) head_.set(http::field::content_length, std::to_string(answer_.body_size()));
    without_body_ |= !has_size;
    head_.keep_alive(keep_alive && !draining_);
    serializer_.emplace(head_);
    stream_.expires_after(kChunkTime);
    http::async_write_header(stream_, *serializer_,
                             [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                                 if (!error) self->write_body();
                             });
}

void Session::write_body() {
    const std::uint64_t left = without_body_ ? 0 : answer_.body_size() - sent_;
    if (left == 0) return on_written();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk));
    asio::const_buffer bytes;
    if (answer_.file) {
        chunk_.resize(size);
        const ssize_t got =
            ::pread(answer_.file.get(), chunk_.data(), size, static_cast<off_t>(answer_.offset + sent_));
        // Shorter than it was: the size is promised already, only the end of the connection tells the truth.
        if (got <= 0) return stream_.close();
        bytes = asio::buffer(chunk_.data(), static_cast<std::size_t>(got));
    } else {
        bytes = asio::buffer(answer_.text.data() + sent_, size);
    }
    stream_.expires_after(kChunkTime);
    asio::async_write(stream_, bytes,
                      [self = shared_from_this()](const beast::error_code& error, std::size_t written) {
                          self->sent_ += written;
                          if (!error) self->write_body();
                      });
}

void Session::on_written() {
    answer_ = {};
    without_body_ = false;
    if (head_.keep_alive() && !draining_) return read();
    finish();
}

void Session::finish() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    busy_ = false;
    if (draining_) return stream_.close();
    stream_.expires_after(kDiscardTime);
    discard();
}

void Session::discard() {
    chunk_.resize(kChunk);
    stream_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                                if (!error) self->discard();
                            });
}

}  // namespace kpm::serve

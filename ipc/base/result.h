#pragma once
// Errors as values. `Result<T>` is named like std::expected (C++23), so that it can be swapped for it later.
// Used wherever the world may refuse: files, sockets, spawns, peers, user input. A broken invariant is an
// assert.

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kpm {

enum class ErrorCode { NotFound, Exists, Denied, Invalid, Unavailable, Io };

// `message` is lower case without a full stop: cannot <verb> '<object>': <reason>.
struct Error {
    ErrorCode code = ErrorCode::Io;
    std::string message;

    bool operator==(const Error&) const = default;
};

// The one place where errno becomes an ErrorCode: "cannot open '/var/log/a.log': Permission denied".
Error os_error(std::string_view verb, std::string_view object, int error_number);

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    const Error& error() const& {
        assert(error_);
        return *error_;
    }

private:
    std::optional<Error> error_;
};

}  // namespace kpm

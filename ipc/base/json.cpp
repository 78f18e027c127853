#include "ipc/base/json.h"

#include <iterator>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace kpm {
namespace {

bool has_twice(const std::vector<std::string>& keys, std::size_t begin) {
    constexpr std::size_t kFew = 12;
    if (keys.size() - begin <= kFew) {
        for (std::size_t i = begin; i < keys.size(); ++i)
            for (std::size_t j = begin; j < i; ++j)
                if (keys[i] == keys[j]) return true;
        return false;
    }
    std::unordered_set<std::string_view> seen(2 * (keys.size() - begin));
    for (std::size_t i = begin; i < keys.size(); ++i)
        if (!seen.insert(keys[i]).second) return true;
    return false;
}

// Builds what Json::parse builds, in one pass that also counts the levels. The library puts each member into
// its object at once: it looks for the name among all that are there and, as the object grows, copies their
// names. Here an object is made when all of its members are known.
class Builder {
public:
    explicit Builder(const JsonLimits& limits) : limits_(limits) {}

    Json take() { return std::move(values_.front()); }
    const JsonFault& fault() const { return fault_; }

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(Json::number_integer_t value) { return add(value); }
    bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
    bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(Json::binary_t&) { return false; }  // JSON has none

    bool start_object(std::size_t) { return open(); }
    bool start_array(std::size_t) { return open(); }
    bool key(std::string& name) {
        keys_.push_back(std::move(name));
        return count();
    }
    bool end_object() {
        const Level level = close();
        return replace(level, has_twice(keys_, level.keys) ? last_of_each(level) : all_of(level)) && count();
    }
    bool end_array() {
        const Level level = close();
        const auto begin = std::next(values_.begin(), static_cast<std::ptrdiff_t>(level.values));
        return replace(level, Json::array_t(std::make_move_iterator(begin),
                                            std::make_move_iterator(values_.end()))) &&
               count();
    }
    bool parse_error(std::size_t byte, const std::string&, const Json::exception& error) {
        const bool is_number = dynamic_cast<const Json::out_of_range*>(&error) != nullptr;
        fault_ = {is_number ? JsonFault::Kind::OutOfRange : JsonFault::Kind::NotJson, byte};
        return false;
    }

private:
    // What lies below an open object or array.
    struct Level {
        std::size_t values = 0;
        std::size_t keys = 0;
    };

    template <class Value>
    bool add(Value&& value) {
        values_.emplace_back(std::forward<Value>(value));
        return count();
    }
    bool open() {
        levels_.push_back({values_.size(), keys_.size()});
        if (levels_.size() > limits_.levels) return stop(JsonFault::Kind::TooDeep);
        return count();
    }
    bool count() { return ++parts_ <= limits_.parts || stop(JsonFault::Kind::TooMuch); }
    bool stop(JsonFault::Kind kind) {
        fault_ = {kind, 0};
        return false;
    }
    Level close() {
        const Level level = levels_.back();
        levels_.pop_back();
        return level;
    }
    template <class Structure>
    bool replace(const Level& level, Structure structure) {
        values_.resize(level.values);
        values_.emplace_back(std::move(structure));
        return true;
    }

    using Members = Json::object_t::Container;

    Json::object_t all_of(const Level& level) {
        Json::object_t object;
        object.reserve(values_.size() - level.values);
        for (std::size_t i = level.values; i < values_.size(); ++i)
            static_cast<Members&>(object).emplace_back(std::move(keys_[level.keys + i - level.values]),
                                                       std::move(values_[i]));
        keys_.resize(level.keys);
        return object;
    }
    // Where the first one of the name stands, as Json::parse has it.
    Json::object_t last_of_each(const Level& level) {
        Json::object_t object;
        std::unordered_map<std::string_view, std::size_t> places;
        for (std::size_t i = level.values; i < values_.size(); ++i) {
            const std::string& name = keys_[level.keys + i - level.values];
            const auto [place, is_new] = places.try_emplace(name, object.size());
            if (is_new)
                static_cast<Members&>(object).emplace_back(name, std::move(values_[i]));
            else
                object.begin()[static_cast<std::ptrdiff_t>(place->second)].second = std::move(values_[i]);
        }
        keys_.resize(level.keys);
        return object;
    }

    JsonLimits limits_;
    JsonFault fault_;
    std::size_t parts_ = 0;
    std::vector<Json> values_;
    std::vector<std::string> keys_;
    std::vector<Level> levels_;
};

}  // namespace

Json parse_json(std::string_view text, const JsonLimits& limits, JsonFault* fault) {
    Builder builder(limits);
    if (Json::sax_parse(text, &builder)) return builder.take();
    if (fault) *fault = builder.fault();
    return Json(Json::value_t::discarded);
}

}  // namespace kpm

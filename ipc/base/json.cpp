#include "ipc/base/json.h"

#include <iterator>
#include <string>
#include <unordered_set>
#include <vector>

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace kpm {
namespace {

constexpr std::size_t kMaxDepth = 256;

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
    Json take() { return std::move(values_.front()); }

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
        return true;
    }
    bool end_object() {
        const Level level = close();
        Json::object_t object;
        object.reserve(values_.size() - level.values);
        const bool may_repeat = has_twice(keys_, level.keys);
        for (std::size_t i = level.values; i < values_.size(); ++i) {
            std::string& name = keys_[level.keys + i - level.values];
            if (may_repeat)
                object[name] = std::move(values_[i]);  // the last one counts
            else
                static_cast<Json::object_t::Container&>(object).emplace_back(std::move(name),
                                                                             std::move(values_[i]));
        }
        keys_.resize(level.keys);
        return replace(level, std::move(object));
    }
    bool end_array() {
        const Level level = close();
        const auto begin = std::next(values_.begin(), static_cast<std::ptrdiff_t>(level.values));
        return replace(level,
                       Json::array_t(std::make_move_iterator(begin), std::make_move_iterator(values_.end())));
    }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }

private:
    // What lies below an open object or array.
    struct Level {
        std::size_t values = 0;
        std::size_t keys = 0;
    };

    template <class Value>
    bool add(Value&& value) {
        values_.emplace_back(std::forward<Value>(value));
        return true;
    }
    bool open() {
        levels_.push_back({values_.size(), keys_.size()});
        return levels_.size() <= kMaxDepth;
    }
    Level close() {
        const Level level = levels_.back();
        levels_.pop_back();
        return level;
    }
    template <class Structure>
    bool replace(const Level& level, Structure structure) {
        values_.resize(level.values);
        return add(std::move(structure));
    }

    std::vector<Json> values_;
    std::vector<std::string> keys_;
    std::vector<Level> levels_;
};

}  // namespace

Json parse_json(std::string_view text) {
    Builder builder;
    return Json::sax_parse(text, &builder) ? builder.take() : Json(Json::value_t::discarded);
}

}  // namespace kpm

#include "ecosystem/read_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <optional>
#include <sstream>

#include "ecosystem/utf8.h"

namespace kpm::ecosystem {
namespace {

constexpr std::size_t kMaxNodes = 100'000;
constexpr std::size_t kMaxText = 16 * kMaxConfigSize;  // an alias repeats all the text that it stands for
constexpr std::string_view kQuotedTag = "!";           // what yaml-cpp gives quoted scalars
constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";
constexpr std::string_view kMergeKey = "<<";

template <class T>
std::optional<T> number(std::string_view text, auto... format) {
    T value{};
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, format...);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Json plain_scalar(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    if (text.starts_with("0x"))
        if (const auto value = number<std::int64_t>(text.substr(2), 16)) return *value;
    if (text.starts_with("0o"))
        if (const auto value = number<std::int64_t>(text.substr(2), 8)) return *value;
    if (const auto value = number<std::int64_t>(text)) return *value;
    // from_chars would take "inf" and "nan" as numbers; JSON has none of them.
    if (text.find_first_not_of("+-.0123456789eE") == std::string::npos)
        if (const auto value = number<double>(text)) return *value;
    return text;
}

// Thrown and caught in this file only, beside yaml-cpp's own exceptions.
struct Refused {
    YAML::Mark mark;
    std::string reason;
};

class Converter {
public:
    explicit Converter(SourceLines& source) : source_(source) {}

    Json convert(const YAML::Node& node, const std::string& path, unsigned depth) {
        if (++nodes_ > kMaxNodes) throw Refused{node.Mark(), fmt::format("more than {} values", kMaxNodes)};
        if (depth > kMaxConfigDepth)
            throw Refused{node.Mark(), fmt::format("nested deeper than {} levels", kMaxConfigDepth)};
        if (node.Mark().line >= 0) source_.note(path, depth, static_cast<unsigned>(node.Mark().line) + 1);
        switch (node.Type()) {
            case YAML::NodeType::Undefined:
            case YAML::NodeType::Null:
                return nullptr;
            case YAML::NodeType::Scalar:
                count_text(node);
                if (node.Tag() == kQuotedTag || node.Tag() == kTextTag) return node.Scalar();
                return plain_scalar(node.Scalar());
            case YAML::NodeType::Sequence:
                return list(node, path, depth);
            case YAML::NodeType::Map:
                return object(node, path, depth);
        }
        return nullptr;
    }

private:
    Json list(const YAML::Node& node, const std::string& path, unsigned depth) {
        check_size(node);
        Json result = Json::array();
        for (const YAML::Node& item : node)
            result.push_back(convert(item, SourceLines::item_path(path, result.size()), depth + 1));
        return result;
    }

    Json object(const YAML::Node& node, const std::string& path, unsigned depth) {
        check_size(node);
        Json result = Json::object();
        for (const auto& member : node) {
            if (!member.first.IsScalar()) throw Refused{member.first.Mark(), "expected a text as key"};
            count_text(member.first);
            const std::string& key = member.first.Scalar();
            if (key == kMergeKey) continue;
            if (result.contains(key))
                throw Refused{member.first.Mark(), fmt::format("the key '{}' stands twice", key)};
            result[key] = convert(member.second, SourceLines::member_path(path, key), depth + 1);
        }
        // Keys of the object itself win over merged ones, wherever the merge key stands.
        if (const YAML::Node merged = node[std::string(kMergeKey)]) merge(merged, path, depth, result);
        return result;
    }

    void merge(const YAML::Node& node, const std::string& path, unsigned depth, Json& result) {
        if (node.IsSequence()) {
            for (const YAML::Node& item : node) merge(item, path, depth + 1, result);
            return;
        }
        const Json source = convert(node, path, depth + 1);
        if (!source.is_object()) throw Refused{node.Mark(), "expected an object to merge"};
        for (const auto& [key, value] : source.items())
            if (!result.contains(key)) result[key] = value;
    }

    void count_text(const YAML::Node& scalar) {
        text_ += scalar.Scalar().size();
        if (text_ > kMaxText)
            throw Refused{scalar.Mark(), fmt::format("more than {} bytes of text", kMaxText)};
    }

    static void check_size(const YAML::Node& node) {
        if (node.size() > kMaxConfigMembers)
            throw Refused{node.Mark(), fmt::format("more than {} members", kMaxConfigMembers)};
    }

    SourceLines& source_;
    std::size_t nodes_ = 0;
    std::size_t text_ = 0;  // bytes
};

// Hears where documents begin.
class DocumentStart : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

    const YAML::Mark& mark() const { return mark_; }

private:
    YAML::Mark mark_;
};

// yaml-cpp's Load() passes over all that stands after the first document, also what it cannot make a document
// of; LoadAll() goes on for ever in such a text.
void refuse_second_document(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStart start;
    // PM2 takes one document, too.
    if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start))
        throw Refused{start.mark(), "expected one document, found more"};
}

Error at(std::string_view file, const YAML::Mark& mark, std::string_view reason) {
    return Error{ErrorCode::Invalid,
                 fmt::format("{}:{}:{}: {}", file, mark.line + 1, mark.column + 1, reason)};
}

}  // namespace

Result<JsonDocument> read_yaml(std::string_view text, std::string_view file) {
    JsonDocument document;
    document.source.file = file;
    if (text.size() > kMaxConfigSize)
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot read '{}': larger than {} bytes", file, kMaxConfigSize)};
    if (find_invalid_utf8(text) != text.size())
        return Error{ErrorCode::Invalid, fmt::format("cannot read '{}': not UTF-8 text", file)};
    try {
        refuse_second_document(std::string(text));
        document.value = Converter(document.source).convert(YAML::Load(std::string(text)), "", 0);
    } catch (const YAML::DeepRecursion& failure) {
        return at(file, failure.mark, fmt::format("nested deeper than {} levels", kMaxConfigDepth));
    } catch (const YAML::Exception& failure) {
        return at(file, failure.mark, failure.msg);
    } catch (const Refused& refused) {
        return at(file, refused.mark, refused.reason);
    }
    return document;
}

}  // namespace kpm::ecosystem

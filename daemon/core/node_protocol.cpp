#include "daemon/core/node_protocol.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>

namespace kpm::core::node {
namespace {

// All but these two kinds of line are rare: they come for each connection and are not worth a JSON tree.
constexpr std::string_view kTaken = kHandleTaken.substr(0, kHandleTaken.size() - 1);
constexpr std::string_view kAnswer = "{\"cmd\":\"NODE_CLUSTER\",\"ack\":";
constexpr std::string_view kYes = ",\"accepted\":true,";
constexpr std::string_view kNo = ",\"accepted\":false,";

std::optional<ConnectionAnswered> parse_answer(std::string_view line) {
    if (!line.starts_with(kAnswer)) return std::nullopt;
    line.remove_prefix(kAnswer.size());
    ConnectionAnswered answer;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), answer.seq);
    if (error != std::errc{}) return std::nullopt;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    answer.accepted = line.starts_with(kYes);
    if (!answer.accepted && !line.starts_with(kNo)) return std::nullopt;
    return answer;
}

// A view's find() would stop at each letter that `part` begins with: the text is an app's, who may choose it.
bool stands_in(std::string_view text, std::string_view part) {
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

const Json* member(const Json& object, const char* name) {
    const auto it = object.find(name);
    return it == object.end() ? nullptr : &*it;
}

std::string text_of(const Json& object, const char* name) {
    const Json* value = member(object, name);
    return value && value->is_string() ? value->get<std::string>() : std::string();
}

bool flag_of(const Json& object, const char* name) {
    const Json* value = member(object, name);
    return value && value->is_boolean() && value->get<bool>();
}

std::optional<int> int_of(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (!value || !value->is_number_integer()) return std::nullopt;
    // A number beyond an int's range is as good as any other that no port or flag can have.
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::numeric_limits<int>::max())
        return std::numeric_limits<int>::max();
    const auto number = value->get<std::int64_t>();
    return number < std::numeric_limits<int>::min() ? std::numeric_limits<int>::min()
                                                    : static_cast<int>(number);
}

std::optional<std::uint64_t> seq_of(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (!value || !value->is_number_unsigned()) return std::nullopt;
    return value->get<std::uint64_t>();
}

ListenQuery query_of(const Json& message) {
    constexpr int kOnlyIpv6 = 1, kReuseAddress = 4;  // libuv's
    ListenQuery query;
    query.address = text_of(message, "address");
    query.port = int_of(message, "port").value_or(-1);
    query.index = int_of(message, "index").value_or(0);
    const int flags = int_of(message, "flags").value_or(0);
    const std::string type = text_of(message, "addressType");
    if (type == "udp4" || type == "udp6") {
        query.kind = ListenQuery::Kind::Udp;
        query.is_ipv6 = type == "udp6";
        query.reuse_address = (flags & kReuseAddress) != 0;
        query.port = std::max(query.port, 0);
    } else {
        query.kind = query.port < 0 ? ListenQuery::Kind::Unix : ListenQuery::Kind::Tcp;
        query.is_ipv6 = int_of(message, "addressType") == 6;
    }
    query.only_ipv6 = (flags & kOnlyIpv6) != 0;
    if (const int backlog = int_of(message, "backlog").value_or(0); backlog > 0) query.backlog = backlog;
    query.readable_by_all = flag_of(message, "readableAll");
    query.writable_by_all = flag_of(message, "writableAll");
    // -1 comes with UDP and means none.
    if (const auto fd = int_of(message, "fd"); fd && *fd >= 0) query.fd = fd;
    if (const Json* data = member(message, "data")) query.data = *data;
    return query;
}

Message cluster_message(const Json& message) {
    if (const auto question = seq_of(message, "ack")) {
        const Json* accepted = member(message, "accepted");
        if (!accepted || !accepted->is_boolean()) return Unknown{};
        return ConnectionAnswered{*question, accepted->get<bool>()};
    }
    const std::string act = text_of(message, "act");
    const std::uint64_t seq = seq_of(message, "seq").value_or(0);
    if (act == "online") return Online{};
    if (act == "queryServer") return ListenAsked{seq, query_of(message)};
    if (act == "listening") return Listening{};
    if (act == "close") return ListenClosed{text_of(message, "key")};
    if (act == "exitedAfterDisconnect") return Leaving{seq};
    return Unknown{};
}

Message connections_of(const Json& message) {
    const auto taken = seq_of(message, "taken");
    const auto ended = seq_of(message, "ended");
    if (!taken || !ended || *ended > *taken) return Unknown{};
    return ConnectionsTold{*taken, *ended};
}

std::string line_of(const Json& message) {
    return message.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json answer_of(const ListenAnswer& answer, std::uint64_t seq) {
    Json message{{"cmd", "NODE_CLUSTER"}, {"ack", answer.question}, {"errno", -answer.error_number},
                 {"key", answer.key},     {"data", answer.data},    {"seq", seq}};
    return message;
}

}  // namespace

std::string socket_key(const ListenQuery& query) {
    const int type = query.kind == ListenQuery::Kind::Unix ? -1 : query.is_ipv6 ? 6 : 4;
    std::string key = fmt::format("{}{}:{}:{}{}", query.kind == ListenQuery::Kind::Udp ? "udp:" : "",
                                  query.address, query.port, type, query.only_ipv6 ? ":only" : "");
    if (query.port == 0) key += fmt::format("#{}", query.index);
    return key;
}

Message parse_message(std::string_view line) {
    if (line == kTaken) return HandleTaken{};
    if (const auto answer = parse_answer(line)) return *answer;
    Json message = parse_json(line);
    if (message.is_discarded()) return Unknown{};
    const std::string cmd = message.is_object() ? text_of(message, "cmd") : std::string();
    if (!cmd.starts_with("NODE_")) return AppSaid{std::move(message)};
    if (cmd == "NODE_CLUSTER") return cluster_message(message);
    if (cmd == "NODE_KPM_CONNECTIONS") return connections_of(message);
    if (cmd == "NODE_HANDLE_ACK") return HandleTaken{};
    if (cmd == "NODE_HANDLE_NACK") return HandleLost{};
    if (cmd == "NODE_HANDLE") {
        const Json* sent = member(message, "msg");
        return HandleSent{sent ? *sent : Json()};
    }
    return Unknown{};
}

// A `cmd` that begins with NODE_ does so in the text, too, unless one of these five letters is escaped: their
// numbers are 44 to 4f and 5f.
bool may_be_nodes_own(std::string_view line) {
    return stands_in(line, "\"NODE_") || stands_in(line, "\\u004") || stands_in(line, "\\u005");
}

std::string answer_line(const ListenAnswer& answer, std::uint64_t seq) {
    Json message = answer_of(answer, seq);
    if (answer.name)
        message["sockname"] = {{"address", answer.name->address},
                               {"family", answer.name->is_ipv6 ? "IPv6" : "IPv4"},
                               {"port", answer.name->port}};
    return line_of(message);
}

std::string handle_answer_line(const ListenAnswer& answer, bool is_udp, std::uint64_t seq) {
    return line_of({{"cmd", "NODE_HANDLE"},
                    {"type", is_udp ? "dgram.Native" : "net.Native"},
                    {"msg", answer_of(answer, seq)}});
}

std::string connection_line(std::string_view key, std::uint64_t seq) {
    return fmt::format(
        R"({{"cmd":"NODE_HANDLE","type":"net.Native","msg":{{"cmd":"NODE_CLUSTER","act":"newconn","key":"{}","seq":{}}}}})"
        "\n",
        key, seq);
}

std::string disconnect_line(std::uint64_t seq) {
    return fmt::format("{{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\",\"seq\":{}}}\n", seq);
}

std::string acknowledge_line(std::uint64_t question, std::uint64_t seq) {
    return fmt::format("{{\"cmd\":\"NODE_CLUSTER\",\"ack\":{},\"seq\":{}}}\n", question, seq);
}

std::string count_line(std::chrono::milliseconds pause) {
    return fmt::format("{{\"cmd\":\"NODE_KPM_COUNT\",\"pause\":{}}}\n", pause.count());
}

std::string app_line(const Json& message) {
    return line_of(message);
}

}  // namespace kpm::core::node

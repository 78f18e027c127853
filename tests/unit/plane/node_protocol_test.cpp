#include "daemon/core/node_protocol.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core::node;

namespace {

template <class What>
What parsed(std::string_view line) {
    const Message message = parse_message(line);
    REQUIRE(std::holds_alternative<What>(message));
    return std::get<What>(message);
}

ListenQuery query(std::string_view fields) {
    return parsed<ListenAsked>(R"({"cmd":"NODE_CLUSTER","act":"queryServer",)" + std::string(fields) +
                               R"(,"seq":4})")
        .query;
}

}  // namespace

TEST_CASE("node protocol: what a worker says of itself", "[unit][plane]") {
    CHECK(std::holds_alternative<Online>(parse_message(R"({"cmd":"NODE_CLUSTER","act":"online","seq":0})")));
    CHECK(std::holds_alternative<Listening>(
        parse_message(R"({"cmd":"NODE_CLUSTER","act":"listening","port":3000,"seq":2})")));
    CHECK(parsed<ListenClosed>(R"({"cmd":"NODE_CLUSTER","act":"close","key":"s1","seq":5})").key == "s1");
    CHECK(parsed<Leaving>(R"({"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":6})").seq == 6);
}

TEST_CASE("node protocol: answers to connections, in Node's order of fields and in any other",
          "[unit][plane]") {
    const auto yes = parsed<ConnectionAnswered>(R"({"cmd":"NODE_CLUSTER","ack":12,"accepted":true,"seq":3})");
    CHECK(yes.seq == 12);
    CHECK(yes.accepted);
    CHECK_FALSE(
        parsed<ConnectionAnswered>(R"({"cmd":"NODE_CLUSTER","ack":12,"accepted":false,"seq":3})").accepted);
    CHECK(parsed<ConnectionAnswered>(R"({"accepted":true,"ack":7,"cmd":"NODE_CLUSTER"})").seq == 7);
    CHECK(std::holds_alternative<HandleTaken>(parse_message(R"({"cmd":"NODE_HANDLE_ACK"})")));
    CHECK(std::holds_alternative<HandleLost>(parse_message(R"({"cmd":"NODE_HANDLE_NACK"})")));
}

TEST_CASE("node protocol: what a worker wants to listen on", "[unit][plane]") {
    const auto tcp = query(R"("index":0,"data":null,"address":null,"port":3000,"addressType":4,"flags":0)");
    CHECK(tcp == ListenQuery{.port = 3000});
    const auto literal = query(
        R"("address":"::1","port":0,"addressType":6,"flags":1,"backlog":7,"index":2,"data":{"ticketKeys":"ab"})");
    CHECK(literal.is_ipv6);
    CHECK(literal.only_ipv6);
    CHECK(literal.backlog == 7);
    CHECK(literal.index == 2);
    CHECK(literal.data == Json{{"ticketKeys", "ab"}});
    const auto path = query(R"("address":"/run/a.sock","port":-1,"addressType":-1,"readableAll":true)");
    CHECK(path.kind == ListenQuery::Kind::Unix);
    CHECK(path.readable_by_all);
    CHECK_FALSE(path.writable_by_all);
    const auto udp = query(R"("address":"127.0.0.1","port":53,"addressType":"udp4","fd":-1,"flags":4)");
    CHECK(udp.kind == ListenQuery::Kind::Udp);
    CHECK(udp.reuse_address);
    CHECK_FALSE(udp.fd);
    CHECK(query(R"("address":null,"port":null,"addressType":null,"fd":5)").fd == 5);
}

TEST_CASE("node protocol: numbers that no port can be are no ports", "[unit][plane]") {
    CHECK(query(R"("address":null,"port":1e99,"addressType":4)").port == -1);
    CHECK(query(R"("address":null,"port":18446744073709551615,"addressType":4)").port > 65535);
    CHECK(query(R"("address":null,"port":"3000","addressType":4)").port == -1);
}

TEST_CASE("node protocol: one socket for all workers with the same address", "[unit][plane]") {
    const ListenQuery one{.port = 3000, .backlog = 1, .index = 0};
    const ListenQuery same{.port = 3000, .backlog = 2, .index = 1};
    CHECK(socket_key(one) == socket_key(same));
    ListenQuery udp = one;
    udp.kind = ListenQuery::Kind::Udp;
    CHECK(socket_key(one) != socket_key(udp));
    const ListenQuery any{.port = 0, .index = 0}, next{.port = 0, .index = 1};
    CHECK(socket_key(any) != socket_key(next));
}

TEST_CASE("node protocol: all that is not Node's own is the app's", "[unit][plane]") {
    CHECK(parsed<AppSaid>("\"ready\"").message == "ready");
    CHECK(parsed<AppSaid>(R"({"cmd":"mine"})").message == Json{{"cmd", "mine"}});
    CHECK(parsed<AppSaid>(R"({"cmd":5})").message == Json{{"cmd", 5}});
    CHECK(parsed<AppSaid>("null").message.is_null());
    CHECK(parsed<HandleSent>(R"({"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"a":1}})").message ==
          Json{{"a", 1}});
    for (const char* odd :
         {"", "no json", R"({"cmd":"NODE_OTHER"})", R"({"cmd":"NODE_CLUSTER","act":"new"})",
          R"({"cmd":"NODE_CLUSTER","ack":1})", R"({"cmd":"NODE_CLUSTER","ack":-1,"accepted":true})"})
        CHECK(std::holds_alternative<Unknown>(parse_message(odd)));
}

TEST_CASE("node protocol: what cannot be Node's own is known by its text", "[unit][plane]") {
    for (const char* own :
         {R"({"cmd":"NODE_CLUSTER","act":"online","seq":0})",
          R"({"cmd":"NODE_CLUSTER","ack":1,"accepted":true})",
          R"({"cmd":"NODE_KPM_CONNECTIONS","taken":7,"ended":3})", R"({"cmd":"NODE_HANDLE_ACK"})",
          R"({"cmd":"NODE_HANDLE_NACK"})", R"({"cmd":"NODE_HANDLE","msg":1})",
          R"({"seq":0,"act":"online","cmd" : "NODE_CLUSTER"})", R"({"\u0063md":"NODE_HANDLE_NACK"})",
          R"({"cmd":"\u004EODE_HANDLE_NACK"})", R"({"cmd":"N\u004fDE_HANDLE_NACK"})",
          R"({"cmd":"NO\u0044E_HANDLE_NACK"})", R"({"cmd":"NOD\u0045_HANDLE_NACK"})",
          R"({"cmd":"NODE\u005fHANDLE_NACK"})"}) {
        INFO(own);
        CHECK(may_be_nodes_own(own));
        CHECK_FALSE(std::holds_alternative<AppSaid>(parse_message(own)));
    }
    for (const char* other : {"", "null", "\"ready\"", "no json", R"({"cmd":"mine"})", R"({"cmd":5})",
                              R"({"cmd":"NODE"})", R"({"cmd":"node_cluster"})", R"({"text":"a NODE_ENV"})",
                              R"(["\u00e9","\\","\n"])", R"({"cmd":"x\"})"}) {
        INFO(other);
        CHECK_FALSE(may_be_nodes_own(other));
    }
    // It may be, but is not.
    CHECK(may_be_nodes_own(R"({"NODE_ENV":"production"})"));
    CHECK(parsed<AppSaid>(R"({"NODE_ENV":"production"})").message == Json{{"NODE_ENV", "production"}});
    CHECK(parsed<AppSaid>(R"({"msg":{"cmd":"NODE_CLUSTER"}})").message ==
          Json{{"msg", {{"cmd", "NODE_CLUSTER"}}}});
}

TEST_CASE("node protocol: lines to send are what Node reads", "[unit][plane]") {
    const ListenAnswer answer{.question = 1,
                              .error_number = 0,
                              .key = "s1",
                              .data = nullptr,
                              .name = SocketName{.address = "::", .is_ipv6 = true, .port = 3000}};
    CHECK(
        answer_line(answer, 9) ==
        R"({"cmd":"NODE_CLUSTER","ack":1,"errno":0,"key":"s1","data":null,"seq":9,"sockname":{"address":"::","family":"IPv6","port":3000}})"
        "\n");
    CHECK(answer_line({.question = 1, .error_number = 98, .key = "", .data = {}, .name = {}}, 9)
              .find("\"errno\":-98") != std::string::npos);
    CHECK(
        handle_answer_line({.question = 1, .error_number = 0, .key = "s2", .data = {}, .name = {}}, true,
                           3) ==
        R"({"cmd":"NODE_HANDLE","type":"dgram.Native","msg":{"cmd":"NODE_CLUSTER","ack":1,"errno":0,"key":"s2","data":null,"seq":3}})"
        "\n");
    CHECK(
        connection_line("s1", 2) ==
        R"({"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"s1","seq":2}})"
        "\n");
    CHECK(disconnect_line(4) == "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\",\"seq\":4}\n");
    CHECK(acknowledge_line(6, 10) == "{\"cmd\":\"NODE_CLUSTER\",\"ack\":6,\"seq\":10}\n");
    CHECK(count_line(std::chrono::seconds{1}) == "{\"cmd\":\"NODE_KPM_COUNT\",\"pause\":1000}\n");
    CHECK(app_line("shutdown") == "\"shutdown\"\n");
}

TEST_CASE("node protocol: what a worker tells of its connections", "[unit][plane]") {
    const auto told = parse_message(R"({"cmd":"NODE_KPM_CONNECTIONS","taken":7,"ended":3})");
    REQUIRE(std::holds_alternative<ConnectionsTold>(told));
    CHECK(std::get<ConnectionsTold>(told).taken == 7);
    CHECK(std::get<ConnectionsTold>(told).ended == 3);
    for (const char* odd :
         {R"({"cmd":"NODE_KPM_CONNECTIONS"})", R"({"cmd":"NODE_KPM_CONNECTIONS","taken":1,"ended":2})",
          R"({"cmd":"NODE_KPM_CONNECTIONS","taken":-1,"ended":-2})",
          R"({"cmd":"NODE_KPM_CONNECTIONS","taken":"1","ended":0})"})
        CHECK(std::holds_alternative<Unknown>(parse_message(odd)));
}

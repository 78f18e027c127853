// Genomes that requests only name: by URL, from the genome server, from the database.

#include <csignal>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "tests/integration/render/genome_sources.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;

namespace {

const std::string kGenome = R"({"level":0.5})";

std::string by_url(const std::string& url) {
    return Json{
        {"type", "get_audio_data"}, {"genomeStringUrl", url}, {"duration", 0.001}, {"sampleRate", 8000}}
        .dump();
}

std::string by_id(const std::string& id) {
    return Json{{"type", "render"}, {"genomeId", id}, {"duration", 0.001}, {"batch", true}, {"requestId", id}}
        .dump();
}

Json read_json(WsClient& client) {
    const auto message = client.receive();
    if (!message || !message->text) FAIL("no text: " << client.last_error());
    return Json::parse(message->bytes);
}

}  // namespace

TEST_CASE("render fetch: a genome by URL, plain, zipped, and after a redirect",
          "[integration][render_server]") {
    GenomeServer server([&](const std::string& path) {
        if (path == "/g.json") return GenomeServer::ok(kGenome);
        if (path == "/g.json.gz") return GenomeServer::ok(gzipped(kGenome));
        if (path == "/coded") return GenomeServer::ok(gzipped(kGenome), "Content-Encoding: gzip\r\n");
        return GenomeServer::redirect("/g.json");
    });
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port());
    for (const char* path : {"/g.json", "/g.json.gz", "/coded", "/moved"}) {
        REQUIRE(client.send(by_url(server.url() + path)));
        CHECK(receive_sound(client) == 16);
    }
}

TEST_CASE("render fetch: the clients' genome server is where the worker is told",
          "[integration][render_server]") {
    GenomeServer server([&](const std::string&) { return GenomeServer::ok(kGenome); });
    WorkerProcess worker(gate_worker(), {.arguments = {"genome_server=" + server.url()}});
    WsClient client(worker.port());
    REQUIRE(client.send(by_url("http://localhost:3004/genomes/g.json.gz?x=1")));
    CHECK(receive_sound(client) == 16);
    WsClient floating(worker.port());
    REQUIRE(floating.send(R"({"genomeId":"g 1","evoRunId":"r1","duration":0.001,"sampleRate":8000})"));
    CHECK(receive_sound(floating) == 32);
    CHECK(server.paths() ==
          std::vector<std::string>{"/genomes/g.json.gz?x=1", "/evoruns/r1/genome/g%201?format=raw"});
}

TEST_CASE("render fetch: what cannot be fetched is an error with a reason", "[integration][render_server]") {
    TempDir directory;
    const std::string file = (directory.path() / "secret.json").string();
    std::ofstream(file) << kGenome;
    GenomeServer server([&](const std::string& path) -> std::string {
        if (path == "/large") return GenomeServer::ok(std::string(3000, ' '));
        if (path == "/bomb") return GenomeServer::ok(gzipped(std::string(1u << 20, ' ')));
        if (path == "/damaged") return GenomeServer::ok(gzipped(kGenome).substr(0, 20));
        if (path == "/file") return GenomeServer::redirect("file://" + file);
        if (path == "/round") return GenomeServer::redirect("/round");
        if (path == "/silent") return {};
        if (path == "/text") return GenomeServer::ok("no JSON");
        return "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    });
    WorkerProcess worker(gate_worker(), {.arguments = {"max_genome=2000", "fetch_timeout=500"}});
    WsClient client(worker.port());
    const auto failure = [&](const std::string& url) {
        if (!client.send(by_url(url))) return std::string("not sent");
        return receive_failure(client);
    };
    const std::string at = "cannot fetch '" + server.url();
    CHECK(failure(server.url() + "/missing") == at + "/missing': the server answered with status 404");
    CHECK(failure(server.url() + "/large") == at + "/large': it is longer than 2000 bytes");
    CHECK(failure(server.url() + "/bomb") == "cannot unzip 'genome': it is longer than 2000 bytes");
    CHECK(failure(server.url() + "/damaged") == "cannot unzip 'genome': it ends too early");
    CHECK(failure(server.url() + "/silent") == at + "/silent': not there after 500 ms");
    CHECK_THAT(failure(server.url() + "/file"),
               Catch::StartsWith(at + "/file': ") && Catch::Contains("not supported"));
    CHECK_THAT(failure(server.url() + "/round"),
               Catch::StartsWith(at + "/round': ") && Catch::Contains("redirects"));
    CHECK_THAT(failure("file://" + file), Catch::StartsWith("cannot fetch 'file://"));
    CHECK_THAT(failure("gopher://127.0.0.1/"), Catch::StartsWith("cannot fetch 'gopher://"));
    CHECK_THAT(failure("http://127.0.0.1:1/"), Catch::StartsWith("cannot fetch 'http://127.0.0.1:1/'"));
    CHECK_THAT(failure("no url at all"), Catch::StartsWith("cannot fetch 'no url at all'"));
    CHECK_THAT(failure(""), Catch::StartsWith("cannot fetch ''"));
    CHECK_THAT(failure(server.url() + "/text"), Catch::StartsWith("cannot render 'genome'"));
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render fetch: without a libcurl only what must be fetched fails", "[integration][render_server]") {
    TempDir directory;
    const std::string library = (directory.path() / "libcurl.so.4").string();
    std::ofstream{library};  // found before the real one, and no library
    WorkerProcess worker(gate_worker(), {.environment = {"LD_LIBRARY_PATH=" + directory.path().string()}});
    WsClient client(worker.port());
    for (int i = 0; i < 2; ++i) {
        REQUIRE(client.send(by_url("http://127.0.0.1:1/")));
        CHECK(receive_failure(client) == "cannot fetch 'http://127.0.0.1:1/': cannot load 'libcurl.so.4': " +
                                             library + ": file too short");
    }
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render fetch: a server that does not answer stops neither connections nor renders",
          "[integration][render_server]") {
    GenomeServer silent([](const std::string&) { return std::string(); });
    WorkerProcess worker(gate_worker(), {.arguments = {"fetch_threads=1"}});
    HttpClient http(worker.port());
    WsClient waiter(worker.port());
    for (int i = 0; i < 3; ++i) REQUIRE(waiter.send(by_url(silent.url() + "/never")));
    REQUIRE(eventually([&] { return jobs(http) == 3 && silent.paths().size() == 1; }));
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    CHECK(http.get("/health")->status == 200);
    SECTION("and its client may leave") {
        waiter.abort();
        CHECK(eventually([&] { return jobs(http) == 0; }));
    }
    SECTION("and the worker may stop at once") {
        worker.signal(SIGTERM);
        worker.signal(SIGINT);  // another one: two of the same may arrive as one
        CHECK(worker.wait_exit() == 0);
    }
}

TEST_CASE("render fetch: genomes of the database, by their id", "[integration][render_server]") {
    GenomeDatabase database;
    database.add("g1", gzipped(kGenome));
    database.add("plain", kGenome);
    database.add("damaged", gzipped(kGenome).substr(0, 12));
    database.run("INSERT INTO genomes VALUES ('nothing', NULL)");
    WorkerProcess worker(gate_worker(), {.arguments = {"database=" + database.path(), "protocol=render"}});
    WsClient client(worker.port());
    CHECK(read_json(client).at("type") == "welcome");
    const auto failure = [&](const std::string& id) {
        if (!client.send(by_id(id))) return std::string("not sent");
        const Json error = read_json(client);
        CHECK(error.at("type") == "error");
        CHECK(error.at("requestId") == id);
        return error.at("message").get<std::string>();
    };
    for (const char* id : {"g1", "plain"}) {
        REQUIRE(client.send(by_id(id)));
        CHECK(read_json(client).at("type") == "batch-result");
        CHECK(receive_sound(client) == 48 * 4);
        CHECK(read_json(client).at("type") == "complete");
    }
    CHECK(failure("nope") == "Genome nope not found");
    CHECK(failure("' OR 1=1 --") == "Genome ' OR 1=1 -- not found");
    CHECK(failure("damaged") == "cannot unzip 'genome': it ends too early");
    CHECK_THAT(failure("nothing"), Catch::StartsWith("cannot render 'genome'"));
}

TEST_CASE("render fetch: without a usable database every id is an error", "[integration][render_server]") {
    TempDir directory;
    const std::string file = (directory.path() / "no.sqlite").string();
    std::string expected;
    std::vector<std::string> arguments = {"database=" + file, "protocol=render"};
    SECTION("no file") {
        expected = "cannot open '" + file + "': unable to open database file";
    }
    SECTION("not a database") {
        std::ofstream(file) << std::string(5000, 'x');
        expected = "cannot read '" + file + "': file is not a database";
    }
    SECTION("no such table") {
        std::ofstream{file};
        expected = "cannot read '" + file + "': no such table: genomes";
    }
    SECTION("none given") {
        arguments.erase(arguments.begin());
        expected = "cannot read genome 'g': no database is given (DB_PATH)";
    }
    WorkerProcess worker(gate_worker(), {.arguments = arguments});
    WsClient client(worker.port());
    CHECK(read_json(client).at("type") == "welcome");
    REQUIRE(client.send(by_id("g")));
    CHECK(read_json(client).at("message") == expected);
    CHECK(HttpClient(worker.port()).get("/health")->status == 200);
}

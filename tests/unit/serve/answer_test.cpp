// What is answered, from a real folder on the disk.
#include "serve/answer.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "serve/basic_auth.h"
#include "tests/support/temp_dir.h"

namespace kpm::serve {
namespace {

namespace fs = std::filesystem;

class Folder {
public:
    Folder() { fs::create_directory(root()); }

    fs::path root() const { return temp_.path() / "www"; }
    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((root() / name).parent_path());
        std::ofstream(root() / name) << text;
    }
    Answer get(std::string_view target, Request request = {}) const {
        request.target = target;
        if (request.method.empty()) request.method = "GET";
        return answer_to(request, Site(root().string()), settings);
    }

    Settings settings;

private:
    TempDir temp_;
};

std::string body(const Answer& answer) {
    if (!answer.file) return answer.text;
    std::string text(answer.length, '\0');
    const ssize_t size =
        ::pread(answer.file.get(), text.data(), text.size(), static_cast<off_t>(answer.offset));
    return text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
}

}  // namespace

TEST_CASE("answer: files with type, length and PM2's headers", "[unit][serve]") {
    Folder folder;
    folder.write("index.html", "home");
    folder.write("a b/ä.css", "css");
    const Answer home = folder.get("/");
    CHECK(home.status == 200);
    CHECK(body(home) == "home");
    CHECK(home.header("content-type") == "text/html");
    CHECK(home.header("Access-Control-Allow-Origin") == "*");
    CHECK(home.header("Access-Control-Allow-Methods") == "GET");
    CHECK(home.body_size() == 4);
    const Answer css = folder.get("/a%20b/%C3%A4.css?v=1");
    CHECK(css.status == 200);
    CHECK(css.header("Content-Type") == "text/css");
    CHECK(body(css) == "css");
    CHECK(folder.get("/index.html/").status == 404);
}

TEST_CASE("answer: missing, forbidden, broken, not allowed", "[unit][serve]") {
    Folder folder;
    folder.write("x", "x");
    CHECK(folder.get("/nothing").status == 404);
    CHECK(body(folder.get("/nothing")) == "404 Not Found");
    CHECK(folder.get("/" + std::string(5000, 'a')).status == 404);
    CHECK(folder.get("/../x").status == 403);
    CHECK(folder.get("/%zz").status == 400);
    CHECK(folder.get("/x", {.method = "POST"}).status == 405);
    CHECK(folder.get("/x", {.method = "OPTIONS"}).status == 204);
    folder.write("404.html", "lost");
    const Answer lost = folder.get("/nothing");
    CHECK(lost.status == 404);
    CHECK(body(lost) == "lost");
    CHECK(lost.header("Content-Type") == "text/html");
}

TEST_CASE("answer: links stay in the folder, the folder itself may be one", "[unit][serve]") {
    Folder folder;
    folder.write("inside", "in");
    std::ofstream(folder.root().parent_path() / "secret") << "out";
    fs::create_symlink("inside", folder.root() / "good");
    fs::create_symlink("../secret", folder.root() / "bad");
    fs::create_directory_symlink("..", folder.root() / "up");
    fs::create_symlink("loop", folder.root() / "loop");
    CHECK(body(folder.get("/good")) == "in");
    CHECK(folder.get("/bad").status == 403);
    CHECK(folder.get("/up/secret").status == 403);
    CHECK(folder.get("/up/").status == 403);
    CHECK(body(folder.get("/up/www/inside")) == "in");
    CHECK(folder.get("/loop").status == 404);
    const fs::path link = folder.root().parent_path() / "current";
    fs::create_directory_symlink("www", link);
    CHECK(answer_to({.method = "GET", .target = "/inside"}, Site(link.string()), folder.settings).status ==
          200);
}

TEST_CASE("answer: only files and folders, no FIFO", "[unit][serve]") {
    Folder folder;
    REQUIRE(::mkfifo((folder.root() / "fifo").c_str(), 0600) == 0);
    CHECK(folder.get("/fifo").status == 403);
}

TEST_CASE("answer: hidden names are not served unless asked for", "[unit][serve]") {
    Folder folder;
    folder.write(".env", "secret");
    folder.write(".well-known/x", "known");
    CHECK(folder.get("/.env").status == 404);
    CHECK(body(folder.get("/.well-known/x")) == "known");
    folder.settings.hidden_files = true;
    CHECK(body(folder.get("/.env")) == "secret");
}

TEST_CASE("answer: folders redirect, have a homepage or a list", "[unit][serve]") {
    Folder folder;
    folder.write("with/index.html", "page");
    folder.write("without/<b>.txt", "x");
    folder.write("without/.hidden", "x");
    const Answer moved = folder.get("//with?q=1");
    CHECK(moved.status == 301);
    CHECK(moved.header("Location") == "/with/?q=1");
    CHECK(body(folder.get("/with/")) == "page");
    CHECK(folder.get("/without/").status == 404);
    folder.settings.listings = true;
    const Answer list = folder.get("/without/");
    CHECK(list.status == 200);
    CHECK(list.text.find("&lt;b&gt;.txt") != std::string::npos);
    CHECK(list.text.find("hidden") == std::string::npos);
    CHECK(body(folder.get("/with/")) == "page");
}

TEST_CASE("answer: a single page application", "[unit][serve]") {
    Folder folder;
    folder.write("index.html", "app");
    folder.write("main.js", "code");
    folder.write(".env", "secret");
    folder.write("404.html", "lost");
    folder.settings.single_page = true;
    CHECK(folder.get("/deep/route").status == 200);
    CHECK(body(folder.get("/deep/route")) == "app");
    CHECK(body(folder.get("/deep/main.js")) == "code");
    CHECK(body(folder.get("/deep/.env")) == "app");
    CHECK(body(folder.get("/.git/main.js")) == "app");
    CHECK(folder.get("/../x").status == 403);
}

TEST_CASE("answer: what the client has is not sent again", "[unit][serve]") {
    Folder folder;
    folder.write("x", "0123456789");
    const Answer first = folder.get("/x");
    const std::string tag(first.header("ETag")), date(first.header("Last-Modified"));
    const Answer again = folder.get("/x", {.if_none_match = tag});
    CHECK(again.status == 304);
    CHECK(again.body_size() == 0);
    CHECK(folder.get("/x", {.if_modified_since = date}).status == 304);
    const Answer part = folder.get("/x", {.range = "bytes=2-4", .if_range = tag});
    CHECK(part.status == 206);
    CHECK(body(part) == "234");
    CHECK(part.header("Content-Range") == "bytes 2-4/10");
    CHECK(folder.get("/x", {.range = "bytes=2-4", .if_range = "\"old\""}).status == 200);
    const Answer beyond = folder.get("/x", {.range = "bytes=10-"});
    CHECK(beyond.status == 416);
    CHECK(beyond.header("Content-Range") == "bytes */10");
    const Answer head = folder.get("/x", {.method = "HEAD", .range = "bytes=2-4"});
    CHECK(head.status == 200);
    CHECK(head.body_size() == 10);
}

TEST_CASE("answer: nothing without the password", "[unit][serve]") {
    Folder folder;
    folder.write("x", "x");
    folder.settings.user = "u";
    folder.settings.password = "p";
    for (const char* target : {"/x", "/nothing", "/../x"}) {
        const Answer refused = folder.get(target);
        CHECK(refused.status == 401);
        CHECK(refused.header("WWW-Authenticate") == "Basic realm=\"Authentication service\"");
    }
    const std::string header = "Basic " + base64("u:p");
    CHECK(folder.get("/x", {.authorization = header}).status == 200);
}

}  // namespace kpm::serve

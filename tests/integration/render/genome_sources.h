#pragma once
// Where tests put genomes that a worker has to fetch: a genome database, and an HTTP server.

#include <sqlite3.h>
#include <zlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace kpm::test {

inline std::string gzipped(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib");
    std::string bytes(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    deflate(&stream, Z_FINISH);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}

// A SQLite file as kromosynth's render server keeps it.
class GenomeDatabase {
public:
    GenomeDatabase() {
        if (sqlite3_open(path().c_str(), &database_) != SQLITE_OK) throw std::runtime_error("sqlite");
        run("CREATE TABLE genomes (id TEXT PRIMARY KEY, data BLOB)");
    }
    GenomeDatabase(const GenomeDatabase&) = delete;
    ~GenomeDatabase() { sqlite3_close(database_); }

    std::string path() const { return (directory_.path() / "genomes.sqlite").string(); }
    void run(const std::string& sql) {
        if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(database_));
    }
    void add(const std::string& id, const std::string& data) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(database_, "INSERT INTO genomes VALUES (?, ?)", -1, &statement, nullptr);
        sqlite3_bind_text(statement, 1, id.data(), static_cast<int>(id.size()), SQLITE_STATIC);
        sqlite3_bind_blob(statement, 2, data.data(), static_cast<int>(data.size()), SQLITE_STATIC);
        const int status = sqlite3_step(statement);
        sqlite3_finalize(statement);
        if (status != SQLITE_DONE) throw std::runtime_error("sqlite");
    }

private:
    TempDir directory_;
    sqlite3* database_ = nullptr;
};

// One thread, one connection after the other, closed after each answer.
class GenomeServer {
public:
    // The whole answer to a path, status line and headers included. Empty: none, the connection stays open
    // until the end of the server.
    using Answer = std::function<std::string(const std::string& path)>;

    explicit GenomeServer(Answer answer)
        : answer_(std::move(answer)),
          acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}),
          port_(acceptor_.local_endpoint().port()),
          thread_([this] { serve(); }) {}
    ~GenomeServer() {
        stopping_ = true;
        // Wakes the accept.
        boost::system::error_code ignored;
        boost::asio::ip::tcp::socket socket(io_);
        socket.connect({boost::asio::ip::address_v4::loopback(), port_}, ignored);
        thread_.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<std::string> paths() {
        const std::lock_guard lock(mutex_);
        return paths_;
    }

    static std::string ok(const std::string& body, const std::string& headers = {}) {
        return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n" + headers + "\r\n" + body;
    }
    static std::string redirect(const std::string& url) {
        return "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + url +
               "\r\n\r\n";
    }

private:
    void serve() {
        while (!stopping_) {
            boost::system::error_code error;
            boost::asio::ip::tcp::socket socket(io_);
            acceptor_.accept(socket, error);
            if (error || stopping_) continue;
            std::string request;
            boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", error);
            if (error) continue;
            const std::size_t begin = request.find(' ') + 1;
            const std::string path = request.substr(begin, request.find(' ', begin) - begin);
            {
                const std::lock_guard lock(mutex_);
                paths_.push_back(path);
            }
            const std::string answer = answer_(path);
            if (answer.empty())
                silent_.push_back(std::move(socket));
            else
                boost::asio::write(socket, boost::asio::buffer(answer), error);
        }
    }

    Answer answer_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::atomic<bool> stopping_ = false;
    std::vector<boost::asio::ip::tcp::socket> silent_;
    std::mutex mutex_;
    std::vector<std::string> paths_;
    std::thread thread_;
};

}  // namespace kpm::test

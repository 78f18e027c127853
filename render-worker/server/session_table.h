#pragma once
// The open connections: how many there are, and how to tell their sessions that the worker drains.
// Used on the I/O thread only; outlives every session.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>

namespace kpm::render {

class Session {
public:
    virtual ~Session() = default;
    // Finish what is there, take what still comes, close when quiet.
    virtual void drain() = 0;
    // Since when its client has been reading the reply that it reads now; nullopt: none, or a short one.
    virtual std::optional<std::chrono::steady_clock::time_point> reading_since() const {
        return std::nullopt;
    }
    // Of one that reads: the connection ends at once.
    virtual void leave() {}
};

class SessionTable {
public:
    // One per connection, handed from its HTTP session to its WebSocket session; the connection is over when
    // the ticket dies.
    class Ticket {
    public:
        explicit Ticket(SessionTable& table) : table_(&table) {
            ++table.open_;
            ++table.taken_;
        }
        Ticket(Ticket&& other) noexcept : table_(std::exchange(other.table_, nullptr)) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket() {
            if (!table_) return;
            --table_->open_;
            if (table_->on_closed) table_->on_closed();
        }

    private:
        SessionTable* table_;
    };

    // Called after each connection's end.
    std::function<void()> on_closed;

    std::size_t open() const { return open_; }
    // Since the start.
    std::uint64_t taken() const { return taken_; }
    bool draining() const { return draining_; }
    void start_drain() {
        draining_ = true;
        // A session may end while it is told, and with it its entry.
        const std::unordered_set<Session*> all = sessions_;
        for (Session* session : all)
            if (sessions_.contains(session)) session->drain();
    }
    // Bytes of messages that have not come to their end, of all sessions.
    std::size_t incoming() const { return incoming_; }
    void add_incoming(std::size_t bytes) { incoming_ += bytes; }
    void drop_incoming(std::size_t bytes) { incoming_ -= bytes; }

    // Bytes of replies that have not been written, of all sessions.
    std::size_t outgoing() const { return outgoing_; }
    void add_outgoing(std::size_t bytes) { outgoing_ += bytes; }
    void drop_outgoing(std::size_t bytes) { outgoing_ -= bytes; }
    // Who has been reading one reply for the longest time; null where no two read.
    Session* slowest_reader() const {
        Session* slowest = nullptr;
        std::size_t readers = 0;
        for (Session* const session : sessions_) {
            const auto since = session->reading_since();
            if (!since) continue;
            ++readers;
            if (slowest == nullptr || *since < *slowest->reading_since()) slowest = session;
        }
        return readers > 1 ? slowest : nullptr;
    }

    void add(Session& session) { sessions_.insert(&session); }
    void remove(Session& session) { sessions_.erase(&session); }

private:
    std::unordered_set<Session*> sessions_;
    std::size_t open_ = 0, incoming_ = 0, outgoing_ = 0;
    std::uint64_t taken_ = 0;
    bool draining_ = false;
};

}  // namespace kpm::render

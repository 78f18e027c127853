#pragma once
// The open connections: how many there are, and how to tell their sessions that the worker drains.
// Used on the I/O thread only; outlives every session.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <utility>

namespace kpm::render {

// What a drain asks of a session: finish what is there, take what still comes, close when quiet.
class Session {
public:
    virtual ~Session() = default;
    virtual void drain() = 0;
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

    void add(Session& session) { sessions_.insert(&session); }
    void remove(Session& session) { sessions_.erase(&session); }

private:
    std::unordered_set<Session*> sessions_;
    std::size_t open_ = 0, incoming_ = 0;
    std::uint64_t taken_ = 0;
    bool draining_ = false;
};

}  // namespace kpm::render

#include "daemon/io/slot_turns.h"

#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "ipc/base/unique_fd.h"

namespace kpm::io {
namespace {

UniqueFd bpf(bpf_cmd command, bpf_attr& attributes) {
    return UniqueFd(static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes)));
}

std::uint64_t address_of(const void* object) {
    return reinterpret_cast<std::uintptr_t>(object);
}

// One number, whose turn it is.
UniqueFd make_counter() {
    bpf_attr map{};
    map.map_type = BPF_MAP_TYPE_ARRAY;
    map.key_size = map.value_size = sizeof(std::uint32_t);
    map.max_entries = 1;
    return bpf(BPF_MAP_CREATE, map);
}

constexpr bpf_insn instruction(int code, unsigned to, unsigned from, int value) {
    bpf_insn made{};
    made.code = static_cast<std::uint8_t>(code);
    made.dst_reg = to & 0xf;
    made.src_reg = from & 0xf;
    made.imm = value;
    return made;
}

// The program's answer is the index of a socket among those of the address.
std::vector<bpf_insn> turns_between(int counter, std::span<const int> indices) {
    std::vector program{
        instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, counter),
        instruction(0, 0, 0, 0),  // the second half of the one above
        instruction(BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 1),
        instruction(BPF_STX | BPF_ATOMIC | BPF_W, BPF_REG_1, BPF_REG_0, BPF_ADD | BPF_FETCH),
        instruction(BPF_ALU | BPF_MOD | BPF_K, BPF_REG_0, 0, static_cast<int>(indices.size())),
    };
    const auto exit = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0);
    for (int turn = 0; const int index : indices) {
        if (index != turn) {
            bpf_insn unless = instruction(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, turn);
            unless.off = 2;
            program.insert(program.end(),
                           {unless, instruction(BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, index), exit});
        }
        ++turn;
    }
    program.push_back(exit);
    return program;
}

UniqueFd load_program(const std::vector<bpf_insn>& program) {
    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    load.insns = address_of(program.data());
    load.insn_cnt = static_cast<std::uint32_t>(program.size());
    load.license = address_of("MIT");
    return bpf(BPF_PROG_LOAD, load);
}

Error cannot_take_turns() {
    return os_error("take turns on", "the sockets of the slots", errno);
}

}  // namespace

Result<void> take_turns(int listener, std::span<const int> indices) {
    const UniqueFd counter = make_counter();
    if (!counter) return cannot_take_turns();
    const UniqueFd program = load_program(turns_between(counter.get(), indices));
    if (!program) return cannot_take_turns();
    const int number = program.get();
    if (::setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &number, sizeof number) != 0)
        return cannot_take_turns();
    return {};
}

void SlotTurns::add(int slot) {
    if (std::ranges::find(order_, slot) == order_.end()) order_.push_back(slot);
}

void SlotTurns::keep_only(const Slots& open) {
    std::erase_if(order_, [&](int slot) { return !open.contains(slot); });
}

void SlotTurns::give(int listener, const Slots& serving) {
    std::vector<int> indices;
    for (int index = 0; const int slot : order_) {
        if (serving.contains(slot)) indices.push_back(index);
        ++index;
    }
    if (indices.empty() || indices == given_) return;
    if (take_turns(listener, indices)) given_ = std::move(indices);
}

}  // namespace kpm::io

#include "memory.hpp"
#include "engine.hpp"

#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace emu {

void Accesses::add(const Access &more, std::vector<Lanes> &pool) {
    const bool alone = !second.who && !lanes;
    if (!first.who || (alone && first.who == more.who)) {
        first = more;
        return;
    }
    if (second.who && second.block() != first.block()) {
        return;
    }
    if (more.block() != first.block()) {
        second = more;
        lanes = 0;
        return;
    }
    if (more.epoch > first.epoch) {
        first = more;
        second = Access();
        lanes = 0;
        return;
    }
    if (second.who) {
        return;
    }
    if (more.warp() != first.warp()) {
        second = more;
        lanes = 0;
        return;
    }
    if (!lanes) {
        pool.emplace_back();
        lanes = uint32_t(pool.size());
        pool.back().of[first.lane()] = first;
    }
    pool[lanes - 1].of[more.lane()] = more;
}

const Access *Accesses::unordered(const Now &now, const std::vector<Lanes> &pool) const {
    if (lanes) {
        for (const Access &access : pool[lanes - 1].of) {
            if (access.who && !now.after(access)) {
                return &access;
            }
        }
        return nullptr;
    }
    for (const Access *access : {&first, &second}) {
        if (access->who && !now.after(*access)) {
            return access;
        }
    }
    return nullptr;
}

// ---------------------------------------------------------------- allocations

static Cell *fresh_cells(size_t count) {
    void *cells = std::calloc(count, sizeof(Cell)); // large ones cost nothing until they are touched
    if (!cells) {
        std::abort();
    }
    return static_cast<Cell *>(cells);
}

Allocation::~Allocation() { std::free(cells); }

void Allocation::split() {
    Cell *bytewise = fresh_cells(bytes);
    for (size_t k = 0; cells && k < bytes; ++k) {
        if (cells[k >> shift].stamp) {
            bytewise[k] = cells[k >> shift];
        }
    }
    std::free(cells);
    cells = bytewise;
    shift = 0;
}

Cell &Allocation::cell(size_t number, uint32_t stamp) {
    Cell &found = cells[number];
    if (found.stamp != stamp) {
        found = Cell();
        found.stamp = stamp;
    }
    return found;
}

const Access *Allocation::touch(
    size_t offset, size_t size, Kind kind, const Now &now, uint32_t stamp, std::vector<Lanes> &pool) {
    if (shift && ((offset | size) & 3)) {
        split();
    }
    if (!cells) {
        cells = fresh_cells((bytes >> shift) + 1);
    }
    for (size_t number = offset >> shift; number <= (offset + size - 1) >> shift; ++number) {
        Cell &word = cell(number, stamp);
        if (word.written.who && !now.after(word.written)) {
            return &word.written;
        }
        const Access *other = nullptr;
        switch (kind) {
        case Kind::READ:
            other = word.atomic.unordered(now, pool);
            word.read.add(now.access, pool);
            break;
        case Kind::VOLATILE_READ:
            word.volatile_read.add(now.access, pool);
            break;
        case Kind::ATOMIC:
        case Kind::VOLATILE_WRITE:
            other = word.read.unordered(now, pool);
            word.atomic.add(now.access, pool);
            break;
        case Kind::WRITE:
            for (const Accesses *earlier : {&word.read, &word.atomic, &word.volatile_read}) {
                other = other ? other : earlier->unordered(now, pool);
            }
            if (!other) {
                word = Cell();
                word.stamp = stamp;
                word.written = now.access;
            }
            break;
        }
        if (other) {
            return other;
        }
    }
    return nullptr;
}

} // namespace emu

// ---------------------------------------------------------------- the arena

static uintptr_t reserve(size_t bytes) {
    void *place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
        std::abort();
    }
    return reinterpret_cast<uintptr_t>(place);
}

emu_arena::emu_arena() {
    begin = reserve(ROOM);
    next = begin + PIECE;
    end = begin + ROOM;
    owner = reinterpret_cast<uint32_t *>(reserve(ROOM / PIECE * sizeof *owner));
}

emu_arena::~emu_arena() {
    munmap(reinterpret_cast<void *>(begin), ROOM);
    munmap(owner, ROOM / PIECE * sizeof *owner);
}

const emu::Allocation *emu_arena::before(uintptr_t address) const {
    const emu::Allocation *found = nullptr;
    for (const auto &allocation : allocations) {
        if (allocation->begin > address) {
            break;
        }
        found = allocation.get();
    }
    return found;
}

extern "C" {

emu_arena *emu_open(void) { return new emu_arena; }

void emu_close(emu_arena *arena) { delete arena; }

uint64_t emu_allocate(emu_arena *arena, uint64_t bytes, const char *name) {
    auto made = std::make_unique<emu::Allocation>();
    made->begin = arena->next;
    made->bytes = bytes;
    made->name = name;
    // at least one piece that is nobody's lies behind every allocation
    const size_t pieces = (bytes + emu_arena::PIECE - 1) / emu_arena::PIECE + 1;
    if (arena->next + pieces * emu_arena::PIECE > arena->end) {
        return 0;
    }
    arena->allocations.push_back(std::move(made));
    for (size_t k = 0; k + 1 < pieces; ++k) {
        arena->owner[(arena->next - arena->begin) / emu_arena::PIECE + k] = uint32_t(arena->allocations.size());
    }
    const uint64_t address = arena->next;
    arena->next += pieces * emu_arena::PIECE;
    return address;
}

int emu_free(emu_arena *arena, uint64_t address) {
    emu::Allocation *found = arena->at(address);
    if (!found || found->freed || found->begin != address) {
        return 0;
    }
    found->freed = true;
    std::free(found->cells);
    found->cells = nullptr;
    // whole pages of it alone hold nothing that is looked at again
    const uintptr_t page = 4096, from = (address + page - 1) / page * page, to = (address + found->bytes) / page * page;
    if (to > from) {
        madvise(reinterpret_cast<void *>(from), to - from, MADV_DONTNEED);
    }
    return 1;
}

int emu_inside(emu_arena *arena, uint64_t address, uint64_t bytes) {
    const emu::Allocation *found = arena->at(address);
    return found && !found->freed && found->holds(address, bytes);
}
}

// Memory of the emulated device: allocations with names and bounds, and who touched their words in this launch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emu {

// ---------------------------------------------------------------- accesses

constexpr unsigned MOST_THREADS = 1024, WARP = 32;

// An access: by whom (1 + 1024 block + thread; 0: none), between which barriers, where in the code.
struct Access {
    uint32_t who = 0, epoch = 0, clock = 0, code = 0;

    uint32_t thread() const { return (who - 1) % MOST_THREADS; }
    uint32_t block() const { return (who - 1) / MOST_THREADS; }
    uint32_t warp() const { return (who - 1) / WARP; }
    uint32_t lane() const { return (who - 1) % WARP; }
};

// A thread as others see it: its next access, and up to when the accesses of its warp lie before it.
struct Now {
    Access access;
    uint32_t seen[WARP];

    // Only barriers order accesses, and none orders blocks.
    bool after(const Access &other) const {
        if (other.who == access.who) {
            return true;
        }
        if (other.block() != access.block()) {
            return false;
        }
        return other.epoch < access.epoch || (other.warp() == access.warp() && seen[other.lane()] >= other.clock);
    }
};

// The latest access of each lane of one warp.
struct Lanes {
    Access of[WARP];
};

// Accesses of one kind to one word: as few as suffice to tell whether an access of another kind comes after all of them.
// One; or those of the lanes of one warp; or two of different warps, of which at least one is not before anything
// until the next barrier of the block (for ever, if they are of different blocks).
struct Accesses {
    Access first, second;
    uint32_t lanes = 0;

    void add(const Access &more, std::vector<Lanes> &pool);
    // One that the thread does not come after, or NULL.
    const Access *unordered(const Now &now, const std::vector<Lanes> &pool) const;
};

// What touched a word in the launch (or block) `stamp`.
struct Cell {
    uint32_t stamp = 0;
    Access written;
    Accesses read, atomic, volatile_read;
};

enum class Kind { READ, WRITE, ATOMIC, VOLATILE_READ, VOLATILE_WRITE };
inline bool writes(Kind kind) { return kind == Kind::WRITE || kind == Kind::ATOMIC || kind == Kind::VOLATILE_WRITE; }

// ---------------------------------------------------------------- allocations

struct Allocation {
    uintptr_t begin = 0;
    size_t bytes = 0;
    std::string name;
    bool freed = false, shared = false;
    unsigned shift = 2; // a cell for each word, or for each byte once bytes have been touched
    Cell *cells = nullptr;
    std::unique_ptr<bool[]> initialised; // bytes of shared memory

    ~Allocation();
    bool holds(uintptr_t address, size_t size) const { return address >= begin && address + size <= begin + bytes; }
    // Cells by byte from now on.
    void split();
    Cell &cell(size_t number, uint32_t stamp);
    // Look whether the access is in order, and note it. An access that conflicts with it, or NULL.
    const Access *touch(size_t offset, size_t size, Kind kind, const Now &now, uint32_t stamp, std::vector<Lanes> &pool);
};

} // namespace emu

// Addresses are never given twice, so that what is freed stays recognisable.
struct emu_arena {
    uintptr_t begin, next, end;
    std::vector<std::unique_ptr<emu::Allocation>> allocations;
    uint32_t *owner; // of each piece of PIECE bytes: 1 + the number of its allocation, or 0

    static constexpr size_t PIECE = 256, ROOM = size_t(1) << 36;

    emu_arena();
    ~emu_arena();
    bool contains(uintptr_t address) const { return address >= begin && address < end; }
    emu::Allocation *at(uintptr_t address) const {
        const uint32_t number = contains(address) ? owner[(address - begin) / PIECE] : 0;
        return number ? allocations[number - 1].get() : nullptr;
    }
    // The allocation that ends last before the address, or NULL.
    const emu::Allocation *before(uintptr_t address) const;
};

// Threads of a grid as fibers: who runs next, barriers, words between lanes, and what every access has to obey.
#include "engine.hpp"
#include "fibers.hpp"
#include "memory.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace emu {
namespace {

enum class State : uint8_t { READY, BARRIER, WARP, DONE };

struct Thread {
    Fiber fiber;
    State state;
    // what it waits for, and what it gets
    int kind, lane, width, line;
    unsigned mask;
    uint64_t value, result;
    const char *file;
    // for the order of accesses
    Now now;
};

struct Launch {
    emu_arena *arena = nullptr;
    void (*kernel)(void *, void *);
    const char *name;
    unsigned grid, rows, layers, block; // blocks of a row of the grid, rows, layers of rows, threads of a block
    void *model, *data;
    uintptr_t image, image_end;
    emu_schedule schedule;
    std::vector<Allocation *> shared;
    unsigned block_index;
    uint32_t epoch;
    uint64_t random;
    bool preempting;
};

Launch run;
Thread threads[MOST_THREADS];
uint64_t ready[MOST_THREADS / 64];
unsigned current, left;
char *all_stacks = nullptr;
Fiber host;
uint32_t stamp = 0, block_stamp = 0; // of this launch, and of this block of it
std::vector<Lanes> pool;
std::string report;

// ---------------------------------------------------------------- reports

__attribute__((format(printf, 1, 2))) std::string text(const char *format, ...) {
    char line[1024];
    va_list rest;
    va_start(rest, format);
    vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    return line;
}

std::string place(unsigned thread) { return text("thread %u of block %u", thread, run.block_index); }

// End the launch. Called on a fiber, which nobody goes back to.
[[noreturn]] void fail(const std::string &what) {
    report = text("%s<<<%u, %u>>>: ", run.name, run.grid, run.block) + what;
    Fiber nowhere;
    go(nowhere, host);
    std::abort();
}

std::string waits(unsigned k) {
    const Thread &t = threads[k];
    switch (t.state) {
    case State::DONE:
        return "has ended";
    case State::BARRIER:
        return text("waits in __syncthreads at %s:%d", t.file, t.line);
    case State::WARP:
        return text("waits for lanes %08x at %s:%d", t.mask, t.file, t.line);
    default:
        return "runs";
    }
}

// What every thread of the block does, those that do the same together.
std::string everybody() {
    std::string list;
    for (unsigned from = 0, k; from < run.block; from = k) {
        const std::string does = waits(from);
        for (k = from + 1; k < run.block && waits(k) == does; ++k) {
        }
        list += text("\n  threads %u to %u: ", from, k - 1) + does;
    }
    return list;
}

// ---------------------------------------------------------------- who runs next

uint64_t draw() { // splitmix64
    uint64_t z = run.random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

void set_ready(unsigned k) {
    threads[k].state = State::READY;
    ready[k / 64] |= uint64_t(1) << k % 64;
}
void unready(unsigned k, State state) {
    threads[k].state = state;
    ready[k / 64] &= ~(uint64_t(1) << k % 64);
}

// A thread that can run, as the schedule says, or MOST_THREADS.
unsigned next_thread() {
    const unsigned words = (run.block + 63) / 64;
    switch (run.schedule.order) {
    case 0:
        for (unsigned w = 0; w < words; ++w) {
            if (ready[w]) {
                return w * 64 + unsigned(__builtin_ctzll(ready[w]));
            }
        }
        return MOST_THREADS;
    case 1:
        for (unsigned w = words; w-- > 0;) {
            if (ready[w]) {
                return w * 64 + 63 - unsigned(__builtin_clzll(ready[w]));
            }
        }
        return MOST_THREADS;
    default: {
        const unsigned start = unsigned(draw() % run.block), w = start / 64;
        if (const uint64_t rest = ready[w] >> start % 64) {
            return start + unsigned(__builtin_ctzll(rest));
        }
        for (unsigned k = 1; k <= words; ++k) {
            const unsigned v = (w + k) % words;
            if (ready[v]) {
                return v * 64 + unsigned(__builtin_ctzll(ready[v]));
            }
        }
        return MOST_THREADS;
    }
    }
}

// Let another thread run; comes back when this one may.
void switch_away() {
    const unsigned mine = current, other = next_thread();
    if (other == MOST_THREADS) {
        if (left == 0) {
            Fiber nowhere;
            go(nowhere, host);
        }
        for (unsigned k = 0; k < run.block; ++k) {
            if (threads[k].state == State::BARRIER && left < run.block) {
                fail("divergent barrier: some threads have ended, others wait" + everybody());
            }
        }
        fail("deadlock: every thread waits" + everybody());
    }
    if (other != mine) {
        current = other;
        go(threads[mine].fiber, threads[other].fiber);
    }
}

void start() {
    run.kernel(run.model, run.data);
    unready(current, State::DONE);
    --left;
    switch_away();
    std::abort();
}

void run_block(unsigned index) {
    run.block_index = index;
    run.epoch = 0;
    ++block_stamp;
    for (Allocation *variable : run.shared) {
        // what is read before it is written should look wrong, also where nobody checks
        memset(reinterpret_cast<void *>(variable->begin), 0xCD, variable->bytes);
        memset(variable->initialised.get(), 0, variable->bytes);
    }
    left = run.block;
    for (unsigned k = 0; k < run.block; ++k) {
        Thread &t = threads[k];
        t.now.access.who = 1 + index * MOST_THREADS + k;
        t.now.access.epoch = 0;
        t.now.access.clock = 1;
        memset(t.now.seen, 0, sizeof t.now.seen);
        prepare(t.fiber, stack_of(all_stacks, k), start);
        set_ready(k);
    }
    current = next_thread();
    go(host, threads[current].fiber);
}

// ---------------------------------------------------------------- barriers

bool same_line(const Thread &a, const Thread &b) { return a.line == b.line && strcmp(a.file, b.file) == 0; }

void meet() {
    for (unsigned k = 0; k < run.block; ++k) {
        if (threads[k].state != State::BARRIER) {
            return;
        }
    }
    const Thread &first = threads[0];
    int count = 0;
    for (unsigned k = 0; k < run.block; ++k) {
        if (threads[k].kind != first.kind || !same_line(threads[k], first)) {
            fail("divergent barrier: threads wait at different lines" + everybody());
        }
        count += threads[k].value != 0;
    }
    const int results[] = {0, count > 0, count == int(run.block), count};
    ++run.epoch;
    for (unsigned k = 0; k < run.block; ++k) {
        threads[k].result = uint64_t(results[first.kind]);
        threads[k].now.access.epoch = run.epoch;
        set_ready(k);
    }
}

// ---------------------------------------------------------------- warps

unsigned source_lane(const Thread &t, unsigned lane) {
    const unsigned width = unsigned(t.width), begin = lane & ~(width - 1), by = unsigned(t.lane);
    switch (t.kind) {
    case EMU_SHFL:
        return begin + (by & (width - 1));
    case EMU_UP:
        return lane - begin >= by ? lane - by : lane;
    case EMU_DOWN:
        return lane - begin + by < width ? lane + by : lane;
    default: {
        const unsigned other = lane ^ by;
        return other < begin + width ? other : lane;
    }
    }
}

void exchange(unsigned base, unsigned mask) {
    uint64_t yes = 0;
    for (unsigned lane = 0; lane < WARP; ++lane) {
        yes |= mask >> lane & 1 && threads[base + lane].value ? uint64_t(1) << lane : 0;
    }
    for (unsigned lane = 0; lane < WARP; ++lane) {
        if (!(mask >> lane & 1)) {
            continue;
        }
        Thread &t = threads[base + lane];
        switch (t.kind) {
        case EMU_SYNC:
            break;
        case EMU_BALLOT:
            t.result = yes;
            break;
        case EMU_ANY:
            t.result = yes != 0;
            break;
        case EMU_ALL:
            t.result = yes == mask;
            break;
        case EMU_MATCH:
            t.result = 0;
            for (unsigned other = 0; other < WARP; ++other) {
                t.result |= mask >> other & 1 && threads[base + other].value == t.value ? uint64_t(1) << other : 0;
            }
            break;
        default: {
            const unsigned from = source_lane(t, lane);
            if (!(mask >> from & 1)) {
                fail(place(base + lane) + text(" asks lane %u, which is not in its mask %08x, at %s:%d", from, mask,
                                               t.file, t.line));
            }
            t.result = threads[base + from].value;
        }
        }
    }
}

void order_lanes(unsigned base, unsigned mask) {
    uint32_t latest[WARP] = {};
    for (unsigned k = 0; k < WARP; ++k) {
        if (mask >> k & 1) {
            Now &now = threads[base + k].now;
            now.seen[k] = now.access.clock++;
            for (unsigned lane = 0; lane < WARP; ++lane) {
                latest[lane] = std::max(latest[lane], now.seen[lane]);
            }
        }
    }
    for (unsigned k = 0; k < WARP; ++k) {
        if (mask >> k & 1) {
            memcpy(threads[base + k].now.seen, latest, sizeof latest);
        }
    }
}

void meet_warp() {
    const Thread &mine = threads[current];
    const unsigned base = current / WARP * WARP;
    for (unsigned lane = 0; lane < WARP; ++lane) {
        if (!(mine.mask >> lane & 1)) {
            continue;
        }
        const unsigned k = base + lane;
        if (k >= run.block || threads[k].state == State::DONE) {
            fail(place(current) + text(" waits for lane %u, which has ended or never was, at %s:%d", lane, mine.file,
                                       mine.line) + everybody());
        }
        const Thread &other = threads[k];
        if (other.state == State::BARRIER) {
            fail("divergent barrier: lanes of a warp wait at different places" + everybody());
        }
        if (other.state != State::WARP || !(other.mask >> current % WARP & 1)) {
            return; // it is not there yet
        }
        if (other.mask != mine.mask) {
            fail(place(current) + text(" and thread %u wait for different lanes", k) + everybody());
        }
        if (other.kind != mine.kind || other.width != mine.width || !same_line(other, mine)) {
            fail(place(current) + text(" and thread %u wait at different places", k) + everybody());
        }
    }
    exchange(base, mine.mask);
    if (mine.kind == EMU_SYNC) {
        order_lanes(base, mine.mask);
    }
    for (unsigned lane = 0; lane < WARP; ++lane) {
        if (mine.mask >> lane & 1) {
            set_ready(base + lane);
        }
    }
}

// ---------------------------------------------------------------- accesses

const char *verb(Kind kind) {
    switch (kind) {
    case Kind::READ:
        return "reads";
    case Kind::WRITE:
        return "writes";
    case Kind::ATOMIC:
        return "changes by an atomic";
    case Kind::VOLATILE_READ:
        return "reads (volatile)";
    default:
        return "writes (volatile)";
    }
}

std::string access_text(size_t size, Kind kind, uint32_t code) {
    return place(current) + text(" %s %zu bytes, @%#x: ", verb(kind), size, code);
}

std::string inside(const Allocation &a, uintptr_t address) {
    return text("byte %zu of the %zu of %s", size_t(address - a.begin), a.bytes, a.name.c_str());
}

Allocation *find(uintptr_t address) {
    if (Allocation *found = run.arena->at(address)) {
        return found;
    }
    for (Allocation *variable : run.shared) {
        if (address >= variable->begin && address < variable->begin + variable->bytes) {
            return variable;
        }
    }
    return nullptr;
}

bool beside(const Allocation &variable, uintptr_t address) {
    return address < variable.begin + variable.bytes + 1024 && address + 1024 > variable.begin;
}

[[noreturn]] void outside(uintptr_t address, size_t size, Kind kind, uint32_t code) {
    const std::string what = access_text(size, kind, code);
    const uintptr_t stacks_begin = uintptr_t(all_stacks);
    if (address >= stacks_begin && address < stacks_begin + MOST_THREADS * (STACK + GUARD)) {
        fail(what + "local memory of another thread");
    }
    for (const Allocation *variable : run.shared) {
        if (beside(*variable, address)) {
            fail(what + "out of bounds, beside " + variable->name);
        }
    }
    if (address >= run.image && address < run.image_end) {
        fail(what + "a constant of the module");
    }
    if (const Allocation *nearest = run.arena->contains(address) ? run.arena->before(address) : nullptr) {
        fail(what + text("out of bounds, %zu bytes behind the %zu of %s",
                         size_t(address - nearest->begin - nearest->bytes), nearest->bytes, nearest->name.c_str()));
    }
    fail(what + text("out of bounds, %#lx is no memory of the device", long(address)));
}

void visit(uintptr_t address, size_t size, Kind kind, void *from, bool aligned = true) {
    Thread &t = threads[current];
    const uintptr_t mine = uintptr_t(stack_of(all_stacks, current));
    if (address - mine < STACK) {
        return;
    }
    if (run.preempting && (draw() & 0xffff) < run.schedule.preempt) {
        switch_away();
    }
    const uint32_t code = uint32_t(uintptr_t(from) - 1 - run.image);
    Allocation *a = find(address);
    if (!a) {
        if (!writes(kind) && address >= run.image && address + size <= run.image_end) {
            const auto near = [address](const Allocation *variable) { return beside(*variable, address); };
            if (std::none_of(run.shared.begin(), run.shared.end(), near)) {
                return; // a constant
            }
        }
        outside(address, size, kind, code);
    }
    if (a->freed) {
        fail(access_text(size, kind, code) + "memory that was given back, " + inside(*a, address));
    }
    if (!a->holds(address, size)) {
        fail(access_text(size, kind, code) + "out of bounds, " + inside(*a, address));
    }
    if (aligned && address % size) {
        fail(access_text(size, kind, code) + "not aligned, " + inside(*a, address));
    }
    const size_t offset = address - a->begin;
    if (a->shared) {
        bool *initialised = a->initialised.get() + offset;
        for (size_t k = 0; k < size; ++k) {
            if (kind != Kind::WRITE && kind != Kind::VOLATILE_WRITE && !initialised[k]) {
                fail(access_text(size, kind, code) + "not initialised, " + inside(*a, address));
            }
            initialised[k] = true;
        }
    }
    t.now.access.code = code;
    const Access *other = a->touch(offset, size, kind, t.now, a->shared ? block_stamp : stamp, pool);
    if (other) {
        fail("race: " + access_text(size, kind, code) + inside(*a, address) +
             text("; thread %u of block %u touches it, too, with nothing to order them, @%#x", other->thread(),
                  other->block(), other->code));
    }
}

} // namespace
} // namespace emu

// ---------------------------------------------------------------- for kernels

using namespace emu;

extern "C" {

unsigned emu_thread_index(void) { return current; }
unsigned emu_block_index(void) { return run.block_index % run.grid; }
unsigned emu_block_row(void) { return run.block_index / run.grid % run.rows; }
unsigned emu_block_layer(void) { return run.block_index / run.grid / run.rows; }
unsigned emu_grid_rows(void) { return run.rows; }
unsigned emu_grid_layers(void) { return run.layers; }
unsigned emu_block_size(void) { return run.block; }
unsigned emu_grid_size(void) { return run.grid; }

int emu_barrier(int kind, int value, const char *file, int line) {
    Thread &t = threads[current];
    t.kind = kind;
    t.value = uint64_t(value != 0);
    t.file = file;
    t.line = line;
    unready(current, State::BARRIER);
    meet();
    switch_away();
    return int(t.result);
}

uint64_t emu_warp(int kind, unsigned mask, uint64_t value, int lane, int width, const char *file, int line) {
    Thread &t = threads[current];
    t.kind = kind;
    t.mask = mask;
    t.value = value;
    t.lane = lane;
    t.width = width;
    t.file = file;
    t.line = line;
    if (!(mask >> current % WARP & 1)) {
        fail(place(current) + text(" is not in its own mask %08x at %s:%d", mask, file, line));
    }
    unready(current, State::WARP);
    meet_warp();
    if (t.state != State::READY || run.schedule.order == 2) {
        switch_away();
    }
    return t.result;
}

static uint64_t changed(int kind, uint64_t old, uint64_t a, uint64_t b, int size) {
    const auto sign = [size](uint64_t x) { return size == 4 ? int64_t(int32_t(x)) : int64_t(x); };
    float f, g;
    double d, e;
    switch (kind) {
    case EMU_ADD:
        return old + a;
    case EMU_ADD_FLOAT:
        memcpy(&f, &old, sizeof f);
        memcpy(&g, &a, sizeof g);
        f += g;
        memcpy(&old, &f, sizeof f);
        return old;
    case EMU_ADD_DOUBLE:
        memcpy(&d, &old, sizeof d);
        memcpy(&e, &a, sizeof e);
        d += e;
        memcpy(&old, &d, sizeof d);
        return old;
    case EMU_MIN:
        return sign(a) < sign(old) ? a : old;
    case EMU_MAX:
        return sign(a) > sign(old) ? a : old;
    case EMU_UMIN:
        return std::min(a, old);
    case EMU_UMAX:
        return std::max(a, old);
    case EMU_CAS:
        return old == a ? b : old;
    case EMU_EXCH:
        return a;
    case EMU_OR:
        return old | a;
    default:
        return old & a;
    }
}

uint64_t emu_atomic(int kind, void *address, int size, uint64_t a, uint64_t b) {
    if (run.schedule.checked) {
        visit(uintptr_t(address), size_t(size), Kind::ATOMIC, __builtin_return_address(0));
    }
    uint64_t old = 0;
    memcpy(&old, address, size_t(size));
    const uint64_t fresh = changed(kind, old, a, b, size);
    memcpy(address, &fresh, size_t(size));
    return old;
}

// ---------------------------------------------------------------- for the compiler

#define HERE __builtin_return_address(0)
#define HOOK(name, kind, size, aligned)                                                                                \
    void __tsan_##name(void *address) { visit(uintptr_t(address), size, Kind::kind, HERE, aligned); }
#define HOOKS(size)                                                                                                    \
    HOOK(read##size, READ, size, true)                                                                                 \
    HOOK(write##size, WRITE, size, true)                                                                               \
    HOOK(volatile_read##size, VOLATILE_READ, size, true)                                                               \
    HOOK(volatile_write##size, VOLATILE_WRITE, size, true)                                                             \
    HOOK(unaligned_volatile_read##size, VOLATILE_READ, size, false)                                                    \
    HOOK(unaligned_volatile_write##size, VOLATILE_WRITE, size, false)                                                  \
    HOOK(unaligned_read##size, READ, size, false)                                                                      \
    HOOK(unaligned_write##size, WRITE, size, false)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __tsan_read_range(void *address, size_t size) { visit(uintptr_t(address), size, Kind::READ, HERE, false); }
void __tsan_write_range(void *address, size_t size) { visit(uintptr_t(address), size, Kind::WRITE, HERE, false); }
void __tsan_init(void) {}

// What compilers make of copies of structs (build.py has the linker put these in their places).
void *__wrap_memcpy(void *to, const void *from, size_t size) {
    if (size > 0) {
        visit(uintptr_t(from), size, Kind::READ, HERE, false);
        visit(uintptr_t(to), size, Kind::WRITE, HERE, false);
    }
    return memcpy(to, from, size);
}
void *__wrap_memmove(void *to, const void *from, size_t size) {
    if (size > 0) {
        visit(uintptr_t(from), size, Kind::READ, HERE, false);
        visit(uintptr_t(to), size, Kind::WRITE, HERE, false);
    }
    return memmove(to, from, size);
}
void *__wrap_memset(void *to, int value, size_t size) {
    if (size > 0) {
        visit(uintptr_t(to), size, Kind::WRITE, HERE, false);
    }
    return memset(to, value, size);
}

void __tsan_func_entry(void *) {}
void __tsan_func_exit(void) {}

// ---------------------------------------------------------------- for the host

const char *emu_launch(
    emu_arena *arena, void (*kernel)(void *, void *), const char *name, unsigned grid, unsigned rows, unsigned layers,
    unsigned block, void *model, void *data, const emu_variable *shared, uint64_t shared_count, uint64_t begin, uint64_t end,
    emu_schedule schedule) {
    if (!all_stacks) {
        all_stacks = stacks(MOST_THREADS);
    }
    run.arena = arena;
    run.kernel = kernel;
    run.name = name;
    run.grid = grid;
    run.rows = rows;
    run.layers = layers;
    run.block = block;
    run.model = model;
    run.data = data;
    run.image = begin;
    run.image_end = end;
    run.schedule = schedule;
    run.random = schedule.seed;
    run.preempting = schedule.preempt > 0;
    std::vector<Allocation> variables(shared_count);
    run.shared.clear();
    for (uint64_t k = 0; k < shared_count; ++k) {
        variables[k].begin = shared[k].begin;
        variables[k].bytes = shared[k].bytes;
        variables[k].name = std::string("shared variable ") + shared[k].name;
        variables[k].shared = true;
        variables[k].initialised = std::make_unique<bool[]>(shared[k].bytes);
        run.shared.push_back(&variables[k]);
    }
    ++stamp;
    pool.clear();
    report.clear();
    memset(ready, 0, sizeof ready);
    std::vector<unsigned> order(grid * rows * layers);
    std::iota(order.begin(), order.end(), 0u);
    if (schedule.order == 1) {
        std::reverse(order.begin(), order.end());
    } else if (schedule.order == 2) {
        for (unsigned k = grid * rows * layers; k > 1; --k) {
            std::swap(order[k - 1], order[draw() % k]);
        }
    }
    for (unsigned index : order) {
        run_block(index);
        if (!report.empty()) {
            return report.c_str();
        }
    }
    return nullptr;
}
}

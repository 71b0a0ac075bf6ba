// What emitted kernels (through shim.hpp) and the host (through device.py) ask of the emulator.
#pragma once

#include <stdint.h>

extern "C" {

// ---------------------------------------------------------------- for kernels

// Of the thread that asks: the same for as long as it lives.
unsigned emu_thread_index(void) __attribute__((const));
unsigned emu_block_index(void) __attribute__((const));
unsigned emu_block_size(void) __attribute__((const));
unsigned emu_grid_size(void) __attribute__((const));
// Of the second dimension of the grid.
unsigned emu_block_row(void) __attribute__((const));
unsigned emu_block_layer(void) __attribute__((const));
unsigned emu_grid_rows(void) __attribute__((const));
unsigned emu_grid_layers(void) __attribute__((const));

enum { EMU_BARRIER_PLAIN, EMU_BARRIER_OR, EMU_BARRIER_AND, EMU_BARRIER_COUNT };
int emu_barrier(int kind, int value, const char *file, int line);

enum { EMU_SYNC, EMU_SHFL, EMU_UP, EMU_DOWN, EMU_XOR, EMU_BALLOT, EMU_ANY, EMU_ALL, EMU_MATCH };
uint64_t emu_warp(int kind, unsigned mask, uint64_t value, int lane, int width, const char *file, int line);

enum { EMU_ADD, EMU_ADD_FLOAT, EMU_ADD_DOUBLE, EMU_MIN, EMU_MAX, EMU_UMIN, EMU_UMAX, EMU_CAS, EMU_EXCH, EMU_OR, EMU_AND };
uint64_t emu_atomic(int kind, void *address, int size, uint64_t a, uint64_t b);

// ---------------------------------------------------------------- for the host

// order 0, 1, 2: as numbered, reverse, random. checked: whether accesses of the module come to us. preempt: out of 65536
// of them, how many let another thread go on.
struct emu_schedule {
    int32_t order, checked;
    uint64_t preempt, seed;
};

struct emu_arena;
emu_arena *emu_open(void);
void emu_close(emu_arena *arena);
// Zeroed memory. `name` is said in reports.
uint64_t emu_allocate(emu_arena *arena, uint64_t bytes, const char *name);
// 0 where there is no such memory.
int emu_free(emu_arena *arena, uint64_t address);
// Whether the host may touch the bytes.
int emu_inside(emu_arena *arena, uint64_t address, uint64_t bytes);
// Shared variables of a module: `count` times begin and bytes, with their names.
struct emu_variable {
    uint64_t begin, bytes;
    const char *name;
};
// Run a kernel. NULL, or a report, in which @0x12 is an address of code in the module.
const char *emu_launch(
    emu_arena *arena, void (*kernel)(void *, void *), const char *name, unsigned grid, unsigned rows, unsigned layers,
    unsigned block, void *model, void *data, const emu_variable *shared, uint64_t shared_count, uint64_t begin, uint64_t end,
    emu_schedule schedule);
}

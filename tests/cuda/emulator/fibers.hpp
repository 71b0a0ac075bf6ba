// Fibers: stacks of their own, switched by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#if !defined __x86_64__
#include <ucontext.h>
#endif

namespace emu {

constexpr size_t STACK = 64 * 1024, GUARD = 4096;

// The place where a fiber, or the host, stands while others run.
struct Fiber {
#if defined __x86_64__
    void *top = nullptr;
#else
    ucontext_t context;
#endif
};

#if defined __x86_64__
extern "C" void emu_switch(void **from, void *to);
asm(R"(
.text
.globl emu_switch
.type emu_switch, @function
emu_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emu_switch, .-emu_switch
)");
inline void go(Fiber &from, Fiber &to) { emu_switch(&from.top, to.top); }
inline void prepare(Fiber &fiber, char *stack, void (*start)()) {
    // as if `start` had been called by nobody and had switched at once; the ABI wants 16 n + 8 at its beginning
    void **top = reinterpret_cast<void **>(stack + STACK) - 3;
    *top = nullptr;
    *--top = reinterpret_cast<void *>(start);
    for (int k = 0; k < 6; ++k) {
        *--top = nullptr;
    }
    fiber.top = top;
}
#else
inline void go(Fiber &from, Fiber &to) { swapcontext(&from.context, &to.context); }
inline void prepare(Fiber &fiber, char *stack, void (*start)()) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stack;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, start, 0);
}
#endif

// Stacks of all threads of a block; running over the end of one is a crash, not a wrong number.
inline char *stacks(unsigned count) {
    const size_t bytes = count * (STACK + GUARD);
    void *place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
        std::abort();
    }
    for (unsigned k = 0; k < count; ++k) {
        mprotect(static_cast<char *>(place) + k * (STACK + GUARD), GUARD, PROT_NONE);
    }
    return static_cast<char *>(place);
}
inline char *stack_of(char *all, unsigned k) { return all + k * (STACK + GUARD) + GUARD; }

} // namespace emu

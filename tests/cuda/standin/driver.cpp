// A driver of which PyCUDA sees no difference: what it is asked for is done by the emulator.
//
// A module is the path of a library that the emulator made of a source, behind MAGIC. STANDIN_MEMORY says how many bytes
// the device has. Functions that are not here are made by build.py and say that they are not supported.
#include "../emulator/engine.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int

enum { SUCCESS = 0, INVALID = 1, NO_MEMORY = 2, NO_IMAGE = 200, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700 };
static const char MAGIC[] = "emulated kernels: ";

struct Module {
    void *library;
    uint64_t begin, end;
    emu_variable shared;
};
struct Function {
    Module *module;
    void (*kernel)(void *, void *);
    std::string name;
};
using Work = std::function<int()>;
using Graph = std::vector<Work>;

static emu_arena *arena;
static std::map<uint64_t, uint64_t> allocated;
static uint64_t launches;
static Graph *recording;
static char context;

static uint64_t total() {
    const char *given = getenv("STANDIN_MEMORY");
    return given ? strtoull(given, nullptr, 10) : UINT64_C(1) << 28;
}
static uint64_t used() {
    uint64_t sum = 0;
    for (const auto &[address, bytes] : allocated) {
        sum += bytes;
    }
    return sum;
}
static bool inside(uint64_t address, uint64_t bytes) { return bytes == 0 || emu_inside(arena, address, bytes); }
// While a graph is recorded nothing runs, and nothing else may be asked for.
static int now(const Work &work) { return recording ? 900 : work(); }
static int queue(const Work &work) {
    if (!recording) {
        return work();
    }
    recording->push_back(work);
    return SUCCESS;
}

// ---------------------------------------------------------------- the device

API cuInit(unsigned) {
    arena = arena ? arena : emu_open();
    return getenv("STANDIN_BROKEN") ? 100 : SUCCESS;
}
API cuDriverGetVersion(int *version) { return *version = 13000, SUCCESS; }
API cuGetErrorName(int code, const char **text) { return *text = code == 100 ? "CUDA_ERROR_NO_DEVICE" : nullptr, SUCCESS; }
API cuGetErrorString(int code, const char **text) {
    *text = code == NO_MEMORY ? "out of memory" : code == ILLEGAL_ADDRESS ? "an illegal memory access" : "an error";
    return SUCCESS;
}
API cuDeviceGetCount(int *count) { return *count = 1, SUCCESS; }
API cuDeviceGet(int *device, int number) { return *device = number, number == 0 ? SUCCESS : INVALID; }
API cuDeviceGetName(char *name, int room, int) { return snprintf(name, room, "emulated GPU"), SUCCESS; }
API cuDeviceComputeCapability(int *major, int *minor, int) { return *major = 9, *minor = 0, SUCCESS; }
API cuDeviceGetAttribute(int *value, int attribute, int) {
    return *value = attribute == 16 ? 2 : 0, SUCCESS; // two multiprocessors
}
API cuDevicePrimaryCtxRetain(void **to, int) { return *to = &context, SUCCESS; }
API cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API cuCtxPushCurrent_v2(void *) { return SUCCESS; }
API cuCtxPopCurrent_v2(void **to) { return to ? (*to = &context, SUCCESS) : SUCCESS; }
API cuCtxGetDevice(int *device) { return *device = 0, SUCCESS; }
API cuCtxSynchronize(void) { return recording ? 900 : SUCCESS; }

// ---------------------------------------------------------------- memory

API cuMemAlloc_v2(uint64_t *address, size_t bytes) {
    return now([=] {
        if (bytes == 0 || used() + bytes > total()) {
            return bytes == 0 ? (int)INVALID : (int)NO_MEMORY;
        }
        allocated[*address = emu_allocate(arena, bytes, "memory")] = bytes;
        memset((void *)*address, 0xcd, bytes); // a device gives memory as it is
        return (int)SUCCESS;
    });
}
API cuMemFree_v2(uint64_t address) {
    return now([=] { return allocated.erase(address) && emu_free(arena, address) ? SUCCESS : INVALID; });
}
API cuMemGetInfo_v2(size_t *free, size_t *all) { return *free = total() - used(), *all = total(), SUCCESS; }
API cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
    return now([=] { return inside(to, bytes) ? (memcpy((void *)to, from, bytes), SUCCESS) : INVALID; });
}
API cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
    return now([=] { return inside(from, bytes) ? (memcpy(to, (void *)from, bytes), SUCCESS) : INVALID; });
}
API cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) {
    return now([=] {
        return inside(to, bytes) && inside(from, bytes) ? (memmove((void *)to, (void *)from, bytes), SUCCESS) : INVALID;
    });
}
API cuMemsetD8_v2(uint64_t to, unsigned char value, size_t bytes) {
    return now([=] { return inside(to, bytes) ? (memset((void *)to, value, bytes), SUCCESS) : INVALID; });
}

// ---------------------------------------------------------------- code

API cuModuleLoadDataEx(Module **to, const char *code, unsigned, int *, void **) {
    if (strncmp(code, MAGIC, sizeof MAGIC - 1) != 0) {
        return NO_IMAGE;
    }
    void *library = dlopen(code + sizeof MAGIC - 1, RTLD_NOW);
    if (library == nullptr) {
        fprintf(stderr, "%s\n", dlerror());
        return NO_IMAGE;
    }
    const auto end_of = [&](const char *name) { return ((uint64_t(*)(void))dlsym(library, name))(); };
    const uint64_t begin = end_of("emu_shared_begin"), end = end_of("emu_shared_end");
    *to = new Module{library, end_of("emu_image_begin"), end_of("emu_image_end"), {begin, end - begin, "shared"}};
    return SUCCESS;
}
API cuModuleUnload(Module *) { return SUCCESS; }
API cuModuleGetFunction(Function **to, Module *module, const char *name) {
    void *kernel = dlsym(module->library, name);
    if (kernel == nullptr) {
        return NOT_FOUND;
    }
    *to = new Function{module, (void (*)(void *, void *))kernel, name};
    return SUCCESS;
}

API cuFuncSetBlockShape(Function *, int, int, int) { return SUCCESS; } // a launch says it again

static int run(const Function *function, unsigned grid, unsigned rows, unsigned layers, unsigned block, void *model, void *data) {
    Module *const m = function->module;
    const emu_schedule schedule{2, 1, 100, ++launches};
    const char *report = emu_launch(
        arena, function->kernel, function->name.c_str(), grid, rows, layers, block, model, data, &m->shared,
        m->shared.bytes ? 1 : 0, m->begin, m->end, schedule);
    if (report) {
        fprintf(stderr, "%s\n", report);
    }
    return report ? ILLEGAL_ADDRESS : SUCCESS;
}

API cuLaunchKernel(
    Function *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
    unsigned block_z, unsigned shared, void *, void **parameters, void **extra) {
    void *pointers[2] = {nullptr, nullptr};
    for (int k = 0; extra && extra[k]; k += 2) { // 1: the buffer of the arguments, 2: its size
        if (extra[k] == (void *)1) {
            memcpy(pointers, extra[k + 1], sizeof pointers);
        } else if (extra[k] == (void *)2 && *(size_t *)extra[k + 1] != sizeof pointers) {
            return INVALID;
        }
    }
    if (parameters || !extra || block_y * block_z != 1 || shared != 0 || block_x > 1024 || !grid_x || !grid_y || !grid_z) {
        return INVALID;
    }
    return queue([=] { return run(function, grid_x, grid_y, grid_z, block_x, pointers[0], pointers[1]); });
}

// ---------------------------------------------------------------- streams and graphs

API cuStreamCreate(void **to, unsigned) { return *to = new int(0), SUCCESS; }
API cuStreamDestroy_v2(void *) { return SUCCESS; }
API cuStreamSynchronize(void *) { return recording ? 900 : SUCCESS; }
API cuEventCreate(double **to, unsigned) { return *to = new double(0), SUCCESS; }
API cuEventDestroy_v2(double *event) { return delete event, SUCCESS; }
API cuEventRecord(double *event, void *) {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return *event = 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec, SUCCESS;
}
API cuEventSynchronize(double *) { return SUCCESS; }
API cuEventElapsedTime_v2(float *ms, double *from, double *to) { return *ms = (float)(*to - *from), SUCCESS; }

API cuStreamBeginCapture_v2(void *, int) { return recording = new Graph, SUCCESS; }
API cuStreamEndCapture(void *, Graph **to) { return *to = recording, recording = nullptr, SUCCESS; }
API cuGraphInstantiateWithFlags(Graph **to, Graph *from, unsigned long long) { return *to = new Graph(*from), SUCCESS; }
API cuGraphDestroy(Graph *graph) { return delete graph, SUCCESS; }
API cuGraphExecDestroy(Graph *graph) { return delete graph, SUCCESS; }
API cuGraphLaunch(Graph *graph, void *) {
    for (const Work &work : *graph) {
        if (const int failed = work()) {
            return failed;
        }
    }
    return SUCCESS;
}

// Which of the compiled instruction sets this machine can run, best first.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

namespace {

std::vector<std::string> instruction_sets() {
#if defined(__x86_64__)
    // The psABI's levels, spelled out: not every compiler knows them by name.
    __builtin_cpu_init();
    std::vector<std::string> sets;
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        sets.emplace_back("v4");
    if (v3) sets.emplace_back("v3");
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) sets.emplace_back("v2");
    return sets;
#else
    return {"baseline"};
#endif
}

}  // namespace

NB_MODULE(_cpu, m) { m.def("instruction_sets", &instruction_sets); }

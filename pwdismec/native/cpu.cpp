// Which of the compiled instruction sets this machine can run, best first.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

namespace {

#if defined(__x86_64__)
// GCC knows the psABI's levels by name, with every instruction in them; Clang did not for long, so for it
// their main parts are spelled out.
bool runs_v2() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
bool runs_v3() { return __builtin_cpu_supports("x86-64-v3"); }
bool runs_v4() { return __builtin_cpu_supports("x86-64-v4"); }
#else
bool runs_v3() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}
bool runs_v4() {
    return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif
#endif

std::vector<std::string> instruction_sets() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    std::vector<std::string> sets;
    if (runs_v4()) sets.emplace_back("v4");
    if (runs_v3()) sets.emplace_back("v3");
    if (runs_v2()) sets.emplace_back("v2");
    return sets;
#else
    return {"baseline"};
#endif
}

}  // namespace

NB_MODULE(_cpu, m) { m.def("instruction_sets", &instruction_sets); }

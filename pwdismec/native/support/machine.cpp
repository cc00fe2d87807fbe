// What is asked of the machine before any kernel runs: a module of its own, for the oldest instruction set.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

namespace {

// Which of the compiled instruction sets this machine can run, best first.
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

// A page mapped from a file that cannot be read: there is no call that could fail, so the system sends SIGBUS to
// whichever thread touches it. Nothing can be done but to say so.
std::array<char, 1024> last_words;
std::size_t length = 0;
int exit_code = 1;

extern "C" void end(int) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, last_words.data(), length);
    _exit(exit_code);
}

void end_on_bus_error(const std::string& words, int code) {
    length = words.copy(last_words.data(), last_words.size());
    exit_code = code;
    std::signal(SIGBUS, end);
}

}  // namespace

NB_MODULE(_machine, m) {
    m.def("instruction_sets", &instruction_sets);
    m.def("end_on_bus_error", &end_on_bus_error);
}

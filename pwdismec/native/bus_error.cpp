// A page mapped from a file that cannot be read: there is no call that could fail, so the system sends SIGBUS to
// whichever thread touches it. Nothing can be done but to say so.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>

namespace {

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

NB_MODULE(_bus_error, m) { m.def("end_on_bus_error", &end_on_bus_error); }

// The nanobind module: each kernel's file binds itself.
#include <nanobind/nanobind.h>

NB_MODULE(PWDISMEC_MODULE, m) {
    m.doc() = "pwdismec kernels, compiled for one instruction set";
}

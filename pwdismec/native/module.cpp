// The nanobind module: the bindings of each room.
#include "bindings.hpp"

NB_MODULE(PWDISMEC_MODULE, m) {
    // A command that was interrupted ends with what its threads hold; that is nothing to tell its user.
    nanobind::set_leak_warnings(false);
    m.doc() = "pwdismec kernels, compiled for one instruction set";
    pwdismec::bind_matrices(m);
    pwdismec::bind_formats(m);
    pwdismec::bind_texts(m);
    pwdismec::bind_prediction(m);
    pwdismec::bind_solvers(m);
}

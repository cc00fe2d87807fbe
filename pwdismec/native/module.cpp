// The nanobind module. Each folder has one bind.cpp, with the one function that binds what Python needs of it.
#include <nanobind/nanobind.h>

namespace pwdismec {

void bind_formats(nanobind::module_& m);
void bind_prediction(nanobind::module_& m);
void bind_solver(nanobind::module_& m);
void bind_support(nanobind::module_& m);
void bind_text(nanobind::module_& m);

}  // namespace pwdismec

NB_MODULE(PWDISMEC_MODULE, m) {
    // A command that was interrupted ends with what its threads hold; that is nothing to tell its user.
    nanobind::set_leak_warnings(false);
    m.doc() = "pwdismec kernels, compiled for one instruction set";
    pwdismec::bind_formats(m);
    pwdismec::bind_prediction(m);
    pwdismec::bind_solver(m);
    pwdismec::bind_support(m);
    pwdismec::bind_text(m);
}

// The bindings of each room, called by module.cpp. What the kernels take on trust is checked here, as far as it
// takes no longer than reading the arrays once: whatever a caller passes, no kernel reads or writes outside them.
// Arrays that are written to must not overlap others. Whether values are finite, the rooms in Python check.
#pragma once

#include <nanobind/nanobind.h>

namespace pwdismec {

void bind_formats(nanobind::module_& m);
void bind_matrices(nanobind::module_& m);
void bind_prediction(nanobind::module_& m);
void bind_solvers(nanobind::module_& m);
void bind_texts(nanobind::module_& m);

}  // namespace pwdismec

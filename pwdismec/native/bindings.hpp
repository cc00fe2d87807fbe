// Each kernel's binding, called by module.cpp.
#pragma once

#include <nanobind/nanobind.h>

namespace pwdismec {

void bind_block_dual_cd(nanobind::module_& m);
void bind_check_rows(nanobind::module_& m);
void bind_count_ids(nanobind::module_& m);
void bind_count_in_rows(nanobind::module_& m);
void bind_finite(nanobind::module_& m);
void bind_format_rows(nanobind::module_& m);
void bind_heads(nanobind::module_& m);
void bind_objective(nanobind::module_& m);
void bind_parse_rows(nanobind::module_& m);
void bind_postings(nanobind::module_& m);
void bind_runs(nanobind::module_& m);
void bind_score(nanobind::module_& m);

}  // namespace pwdismec

// The nanobind module: each kernel's file binds itself.
#include "bindings.hpp"

NB_MODULE(PWDISMEC_MODULE, m) {
    // A command that was interrupted ends with what its threads hold; that is nothing to tell its user.
    nanobind::set_leak_warnings(false);
    m.doc() = "pwdismec kernels, compiled for one instruction set";
    pwdismec::bind_block_dual_cd(m);
    pwdismec::bind_check_rows(m);
    pwdismec::bind_count_ids(m);
    pwdismec::bind_count_in_rows(m);
    pwdismec::bind_finite(m);
    pwdismec::bind_format_rows(m);
    pwdismec::bind_heads(m);
    pwdismec::bind_objective(m);
    pwdismec::bind_parse_rows(m);
    pwdismec::bind_postings(m);
    pwdismec::bind_runs(m);
    pwdismec::bind_score(m);
}

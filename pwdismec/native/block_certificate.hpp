// The certificate of a block: primal and dual objectives in float64.
#pragma once

#include "label_block.hpp"

namespace pwdismec {

struct Certificate {
    Doubles primal = {}, dual = {};
    std::vector<int32_t> worth;  // the rows still worth a step, ascending
};

// Sets the weights to the float32 rounding of w(alpha), summed anew in float64, and computes P of those
// weights and D of alpha: P - D bounds the distance to the optimum whatever happened before.
Certificate certify(LabelBlock& block, Floats worth);

}  // namespace pwdismec

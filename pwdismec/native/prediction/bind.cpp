#include <limits>
#include <vector>

#include "prediction/dense_features.hpp"
#include "prediction/postings.hpp"
#include "prediction/score.hpp"
#include "support/arrays.hpp"

namespace pwdismec {
namespace {

using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;
using Values = ArrayIn<float>;
using Words = ArrayIn<std::uint32_t>;
using WordsInOut = ArrayInOut<std::uint32_t>;

void py_fill_postings(const Offsets& indptr, const Ids& indices, const Values& data,
                      const ArrayIn<std::uint16_t>& positions, const DenseFeatures& dense, std::size_t n_labels,
                      const Words& starts, const WordsInOut& filled, const WordsInOut& lists,
                      const WordsInOut& dense_weights) {
    const std::size_t n_features = dense.n_features();
    require_rows("weights", indptr, indices, static_cast<std::int64_t>(n_features));
    require(data.size() == indices.size(), "indices and data: must have one length");
    require(positions.size() == indptr.size() - 1, "positions: must be one for each row");
    require(n_labels <= kMostLabels, "n_labels: must be at most 2^16");
    for (const std::uint16_t position : positions.all())
        require(position < n_labels, "positions: must be below n_labels");
    require(starts.size() == n_features + 1 && filled.size() == n_features, "starts, filled: must fit the features");
    require(dense_weights.size() == dense_words_of(n_labels, dense.size()),
            "dense_weights: must fit the dense features and n_labels");
    nb::gil_scoped_release release;
    fill_postings(indptr.all(), indices.data(), data.data(), positions.all(), dense, n_labels, starts.all(),
                  filled.data(), lists.all(), dense_weights.data());
}

void py_dense_bounds(const Words& words, std::size_t n_dense, std::size_t n_labels, const ArrayInOut<float>& bounds) {
    require(n_labels <= kMostLabels && n_dense <= std::numeric_limits<std::int32_t>::max() &&
                words.size() == dense_words_of(n_labels, n_dense) && bounds.size() == 2 * tiles_of(n_labels),
            "the arrays of a block do not fit each other");
    nb::gil_scoped_release release;
    find_bounds(words.data(), n_dense, n_labels, reinterpret_cast<TileBounds*>(bounds.data()));
}

// A block and the arrays it lies in.
class BoundBlock {
public:
    BoundBlock(const Words& starts, const Words& lists, const Words& dense_weights, const Values& dense_bounds,
               const Values& bias, const Ids& label_ids)
        : starts_(starts), lists_(lists), dense_weights_(dense_weights), dense_bounds_(dense_bounds), bias_(bias),
          label_ids_(label_ids) {
        require(dense_bounds.size() % 2 == 0 && is_consistent(view()), "the arrays of a block do not fit each other");
    }

    LabelBlock view() const {
        return {{starts_.all(), lists_.all()},
                dense_weights_.all(),
                {reinterpret_cast<const TileBounds*>(dense_bounds_.data()), dense_bounds_.size() / 2},
                bias_.all(),
                label_ids_.all()};
    }

private:
    Words starts_, lists_, dense_weights_;
    Values dense_bounds_, bias_;
    Ids label_ids_;
};

std::vector<LabelBlock> views(const nb::tuple& blocks, const DenseFeatures& dense) {
    std::vector<LabelBlock> found;
    found.reserve(blocks.size());
    for (const nb::handle block : blocks) {
        const BoundBlock* bound = nullptr;
        if (!nb::try_cast(block, bound, false) || !bound) throw nb::type_error("blocks: must be LabelBlocks");
        found.push_back(bound->view());
        require(is_of(found.back(), dense), "a block is of other dense features");
    }
    return found;
}

void py_score_top_k(const DenseFeatures& dense, const nb::list& blocks, const Offsets& indptr, const Ids& indices,
                    const Values& data, const MatrixInOut<std::int32_t>& top_labels,
                    const MatrixInOut<float>& top_scores) {
    const nb::tuple held(blocks);  // the list may change, and lose them, while the scores are computed
    const std::vector<LabelBlock> of_blocks = views(held, dense);
    require_rows("instances", indptr, indices, static_cast<std::int64_t>(dense.n_features()));
    require(data.size() == indices.size(), "indices and data: must have one length");
    const std::size_t n_rows = indptr.size() - 1, k = top_labels.shape(1);
    require(k > 0 && top_labels.shape(0) == n_rows && top_scores.shape(0) == n_rows && top_scores.shape(1) == k,
            "top_labels and top_scores: must have a row for each instance and one shape");
    nb::gil_scoped_release release;
    score_top_k(dense, of_blocks, indptr.all(), indices.data(), data.data(), k, top_labels.data(), top_scores.data());
}

}  // namespace

void bind_prediction(nb::module_& m) {
    using namespace nb::literals;
    m.attr("DENSE_PADDING") = kDensePadding;
    m.attr("DENSE_TILE") = kTile;
    m.attr("MOST_LABELS") = kMostLabels;
    m.attr("MOST_SCORES") = kMostScores;
    nb::class_<DenseFeatures>(m, "DenseFeatures")
        .def(
            "__init__",
            [](DenseFeatures* self, const Ids& ids, std::size_t n_features) {
                new (self) DenseFeatures(ids.all(), n_features);
            },
            "ids"_a, "n_features"_a);
    nb::class_<BoundBlock>(m, "LabelBlock")
        .def(nb::init<const Words&, const Words&, const Words&, const Values&, const Values&, const Ids&>(), "starts"_a,
             "lists"_a, "dense_weights"_a, "dense_bounds"_a, "bias"_a, "label_ids"_a);
    m.def("fill_postings", &py_fill_postings, "indptr"_a, "indices"_a, "data"_a, "positions"_a, "dense"_a,
          "n_labels"_a, "starts"_a, "filled"_a, "lists"_a, "dense_weights"_a);
    m.def("dense_bounds", &py_dense_bounds, "dense_weights"_a, "n_dense"_a, "n_labels"_a, "bounds"_a);
    m.def("score_top_k", &py_score_top_k, "dense"_a, "blocks"_a, "indptr"_a, "indices"_a, "data"_a, "top_labels"_a,
          "top_scores"_a);
}

}  // namespace pwdismec

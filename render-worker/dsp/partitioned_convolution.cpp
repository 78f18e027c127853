#include "render-worker/dsp/partitioned_convolution.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kpm::render {
namespace {

// A part's answer is due one part after its input began, and the stretch before reaches exactly that far.
constexpr std::array<std::size_t, 3> kParts = {kQuantum, 4096, 131072};

void multiply_add(const std::vector<float>& a_re, const std::vector<float>& a_im,
                  const std::vector<float>& b_re, const std::vector<float>& b_im, std::vector<float>& re,
                  std::vector<float>& im) {
    const std::size_t count = re.size();
    const float* __restrict ar = a_re.data();
    const float* __restrict ai = a_im.data();
    const float* __restrict br = b_re.data();
    const float* __restrict bi = b_im.data();
    float* __restrict out_re = re.data();
    float* __restrict out_im = im.data();
    for (std::size_t k = 0; k < count; ++k) {
        out_re[k] += ar[k] * br[k] - ai[k] * bi[k];
        out_im[k] += ar[k] * bi[k] + ai[k] * br[k];
    }
}

}  // namespace

ConvolutionStretch::ConvolutionStretch(std::span<const float> response, std::size_t part, bool at_once)
    : part_(part), at_once_(at_once), fft_(2 * part), input_(part), answer_(2 * part), pending_(2 * part) {
    const Spectrum silence{std::vector<float>(fft_.bins()), std::vector<float>(fft_.bins())};
    std::vector<Spectrum> spectra;
    for (std::size_t start = 0; start < response.size(); start += part) {
        spectra.push_back(silence);
        fft_.forward(response.subspan(start, std::min(part, response.size() - start)), spectra.back().re,
                     spectra.back().im);
    }
    heard_.assign(spectra.size(), silence);
    response_ = std::make_shared<const std::vector<Spectrum>>(std::move(spectra));
    sum_ = silence;
}

void ConvolutionStretch::process(std::span<const float, kQuantum> block, std::span<float, kQuantum> out) {
    if (!at_once_) add_pending(out);
    std::copy(block.begin(), block.end(), input_.begin() + static_cast<std::ptrdiff_t>(place_));
    if (place_ + kQuantum == part_) convolve();
    if (at_once_) add_pending(out);
    place_ = (place_ + kQuantum) % part_;
}

void ConvolutionStretch::add_pending(std::span<float, kQuantum> out) {
    for (std::size_t i = 0; i < kQuantum; ++i) out[i] += pending_[place_ + i];
}

void ConvolutionStretch::convolve() {
    newest_ = (newest_ + 1) % heard_.size();
    fft_.forward(input_, heard_[newest_].re, heard_[newest_].im);
    std::fill(sum_.re.begin(), sum_.re.end(), 0.0F);
    std::fill(sum_.im.begin(), sum_.im.end(), 0.0F);
    for (std::size_t p = 0; p < heard_.size(); ++p) {
        const Spectrum& then = heard_[(newest_ + heard_.size() - p) % heard_.size()];
        const Spectrum& part = (*response_)[p];
        multiply_add(part.re, part.im, then.re, then.im, sum_.re, sum_.im);
    }
    fft_.inverse(sum_.re, sum_.im, answer_);
    for (std::size_t i = 0; i < part_; ++i) {
        pending_[i] = pending_[part_ + i] + answer_[i];
        pending_[part_ + i] = answer_[part_ + i];
    }
}

PartitionedConvolution::PartitionedConvolution(std::span<const float> response) {
    for (std::size_t level = 0, from = 0; level < kParts.size() && from < response.size(); ++level) {
        const std::size_t to =
            level + 1 < kParts.size() ? std::min(kParts[level + 1], response.size()) : response.size();
        stretches_.emplace_back(response.subspan(from, to - from), kParts[level], level == 0);
        from = to;
    }
}

std::size_t PartitionedConvolution::largest_part(std::size_t samples) {
    std::size_t largest = kParts[0];
    for (std::size_t part : kParts)
        if (part < samples) largest = part;
    return largest;
}

void PartitionedConvolution::process(std::span<const float, kQuantum> block, std::span<float, kQuantum> out) {
    std::fill(out.begin(), out.end(), 0.0F);
    heard_ = heard_ || std::any_of(block.begin(), block.end(), [](float sample) { return sample != 0; });
    if (!heard_) return;
    for (ConvolutionStretch& stretch : stretches_) stretch.process(block, out);
}

}  // namespace kpm::render

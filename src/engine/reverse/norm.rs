//! Derivatives of batch normalisation, from sums per channel in f64.
//!
//! With statistics over `M` values, `xhat = (x - mean) inv`, `inv = (variance + eps)^(-1/2)`, `y = gamma xhat + beta`:
//!
//! ```text
//! S1 = sum dy,  S2 = sum dy (x - mean)                     d beta = S1,  d gamma = S2 inv
//! dx = a dy + b x + c,   a = gamma inv,   b = -gamma inv^3 S2 / M,   c = -a S1 / M - b mean
//! ```
//!
//! Running statistics do not depend on `x`: `b = c = 0`. A prime means the derivative in a direction; the derivatives of
//! `dx` and of the sums follow by the product rule, with `mean' = sum t / M` and `inv' = -inv^3 sum t (x - mean) / M` for
//! the tangent `t` of `x`.

use super::Differentiated;
use crate::engine::kernels::{
    GradientForm, HostValues, Kernels, LayerGradients, LayerWants, Moments, WithTangent, over_images,
};
use crate::engine::{ForwardPass, NormStatistics};
use crate::graph::BatchNorm;

/// Statistics of one normalisation in one pass, `[C]` or `[N, C]`.
#[derive(Clone, Debug)]
pub struct NormState {
    mean: Vec<f64>,
    /// Biased.
    variance: Vec<f64>,
    inv: Vec<f64>,
    /// `[C]`.
    gamma: Vec<f64>,
    /// Number of values of which each statistic was computed; `None` for running statistics.
    count: Option<f64>,
    per_image: bool,
}

/// Derivatives of [`NormState`] in a direction, and those of its parameters (`[C]`).
#[derive(Clone, Debug)]
pub struct NormTangent {
    mean: Vec<f64>,
    inv: Vec<f64>,
    gamma: Vec<f64>,
}

/// `S1` and `S2` per channel.
struct Sums {
    plain: Vec<f64>,
    centred: Vec<f64>,
}

impl NormState {
    /// The statistics of `norm` on its input `x`, a map of so many pixels.
    pub fn of<K: Kernels>(
        kernels: &K,
        pass: &ForwardPass<'_>,
        norm: &BatchNorm,
        (x, pixels): (&K::Value, usize),
    ) -> Result<Self, String> {
        let layer = pass.batch_norm(norm);
        let per_image = pass.norm == NormStatistics::PerImage;
        let (mean, variance, count) = if pass.norm == NormStatistics::Running {
            (layer.running_mean.to_f64(), layer.running_var.to_f64(), None)
        } else {
            let moments = kernels.channel_moments(x, per_image)?;
            let images = if per_image { 1 } else { pass.images() };
            (moments.mean, moments.variance, Some((images * pixels) as f64))
        };
        let inv = variance.iter().map(|v| 1.0 / (v + norm.eps).sqrt()).collect();
        let gamma =
            layer.weight.map_or_else(|| vec![1.0; layer.running_mean.len()], |weight| weight.to_f64());
        Ok(Self { mean, variance, inv, gamma, count, per_image })
    }

    /// Mean and biased variance over the batch, and the number of values of each; `None` for statistics of another kind.
    pub fn of_batch(&self) -> Option<(Moments, f64)> {
        let moments = || Moments { mean: self.mean.clone(), variance: self.variance.clone() };
        self.count.filter(|_| !self.per_image).map(|count| (moments(), count))
    }

    /// Gradients from the cotangent `dy`.
    pub fn backward<K: Kernels>(
        &self,
        kernels: &K,
        x: &K::Value,
        dy: K::Value,
        wants: LayerWants,
    ) -> Result<LayerGradients<K::Value>, String> {
        let by_image = self.by_image(wants);
        let [plain, centred] = kernels.channel_sum_and_dot(&dy, x, &self.mean, by_image)?;
        let sums = Sums { plain, centred };
        let input = wants.input.then(|| {
            let (b, c) = self.coefficients(&self.pooled(&sums, by_image));
            kernels.combine(&[(&dy, &self.scale()), (x, &b)], &c, self.per_image)
        });
        let weight = self.each(sums.centred.len(), |k, s| sums.centred[k] * self.inv[s]);
        let [weight, bias] = self.in_form([weight, sums.plain], wants.params);
        Ok(LayerGradients { input, weight, bias, weight_sums: None })
    }

    /// The tangents of the output, which is zero where it is `None`, and of the statistics, from those of `x` and of the
    /// parameters.
    pub fn tangent<K: Kernels>(
        &self,
        kernels: &K,
        (x, t): WithTangent<'_, K::Value>,
        (gamma, beta): (Option<Vec<f64>>, Option<Vec<f64>>),
    ) -> Result<(Option<K::Value>, NormTangent), String> {
        let still = gamma.is_none() && beta.is_none();
        let zeros = || vec![0.0; self.gamma.len()];
        let mut tangent = NormTangent {
            mean: vec![0.0; self.mean.len()],
            inv: vec![0.0; self.mean.len()],
            gamma: gamma.unwrap_or_else(zeros),
        };
        let beta = beta.unwrap_or_else(zeros);
        if let (Some(t), Some(count)) = (t, self.count) {
            tangent.mean = kernels.channel_sum(t, self.per_image)?.iter().map(|s| s / count).collect();
            let spread = kernels.channel_dot(t, x, &self.mean, self.per_image)?;
            tangent.inv = (0..spread.len()).map(|k| -self.inv[k].powi(3) * spread[k] / count).collect();
        }
        let (a, slope) = (self.scale(), self.scale_tangent(&tangent));
        let shift: Vec<f64> = self.each(self.mean.len(), |k, _| {
            beta[self.channel(k)] - a[k] * tangent.mean[k] - slope[k] * self.mean[k]
        });
        let y = match t {
            Some(t) => Some(kernels.combine(&[(t, &a), (x, &slope)], &shift, self.per_image)),
            None if still => None,
            None => Some(kernels.combine(&[(x, &slope)], &shift, self.per_image)),
        };
        Ok((y, tangent))
    }

    /// The derivative of [`NormState::backward`]: the tangents of all gradients, and `dx` itself.
    pub fn second_order<K: Kernels>(
        &self,
        kernels: &K,
        (x, t): WithTangent<'_, K::Value>,
        (dy, dt): WithTangent<'_, K::Value>,
        tangent: &NormTangent,
        wants: LayerWants,
    ) -> Result<Differentiated<K::Value>, String> {
        let by_image = self.by_image(wants);
        let sums = Sums {
            plain: kernels.channel_sum(dy, by_image)?,
            centred: kernels.channel_dot(dy, x, &self.mean, by_image)?,
        };
        let dots = self.sum_tangents(kernels, (x, t), (dy, dt), tangent, by_image)?;
        let (mut input, mut input_tangent) = (None, None);
        if wants.input {
            let pooled = self.pooled(&sums, by_image);
            let (a, (b, c)) = (self.scale(), self.coefficients(&pooled));
            let slope = self.scale_tangent(tangent);
            let (b_dot, c_dot) =
                self.coefficient_tangents(&pooled, &self.pooled(&dots, by_image), tangent, &b);
            input = Some(kernels.combine(&[(dy, &a), (x, &b)], &c, self.per_image));
            let mut terms: Vec<(&K::Value, &[f64])> = vec![(dy, &slope), (x, &b_dot)];
            terms.extend(dt.map(|dt| (dt, a.as_slice())));
            terms.extend(t.map(|t| (t, b.as_slice())));
            input_tangent = Some(kernels.combine(&terms, &c_dot, self.per_image));
        }
        let weight = self.each(dots.centred.len(), |k, s| {
            dots.centred[k] * self.inv[s] + sums.centred[k] * tangent.inv[s]
        });
        let [weight, bias] = self.in_form([weight, dots.plain], wants.params);
        Ok(Differentiated {
            input,
            tangents: LayerGradients { input: input_tangent, weight, bias, weight_sums: None },
        })
    }

    /// `S1' = sum dt`, `S2' = sum dt (x - mean) + sum dy (t - mean')`.
    fn sum_tangents<K: Kernels>(
        &self,
        kernels: &K,
        (x, t): WithTangent<'_, K::Value>,
        (dy, dt): WithTangent<'_, K::Value>,
        tangent: &NormTangent,
        by_image: bool,
    ) -> Result<Sums, String> {
        let images = self.mean.len() / self.gamma.len().max(1);
        let mut dots = Sums { plain: vec![], centred: vec![] };
        if let Some(dt) = dt {
            dots.plain = kernels.channel_sum(dt, by_image)?;
            dots.centred = kernels.channel_dot(dt, x, &self.mean, by_image)?;
        }
        if let Some(t) = t {
            let more = kernels.channel_dot(dy, t, &tangent.mean, by_image)?;
            dots.centred.resize(more.len(), 0.0);
            dots.centred.iter_mut().zip(&more).for_each(|(s, m)| *s += m);
        }
        let count = dots.centred.len().max(images * self.gamma.len());
        dots.plain.resize(count, 0.0);
        dots.centred.resize(count, 0.0);
        Ok(dots)
    }

    /// `b` and `c`, from sums over each statistic's values.
    fn coefficients(&self, sums: &Sums) -> (Vec<f64>, Vec<f64>) {
        let Some(count) = self.count else { return self.nothing() };
        let a = self.scale();
        let b = self.each(a.len(), |k, _| -a[k] * self.inv[k].powi(2) * sums.centred[k] / count);
        let c = self.each(a.len(), |k, _| -a[k] * sums.plain[k] / count - b[k] * self.mean[k]);
        (b, c)
    }

    /// `b' = -(gamma' inv^3 S2 + 3 gamma inv^2 inv' S2 + gamma inv^3 S2') / M`,
    /// `c' = -(a' S1 + a S1') / M - b' mean - b mean'`.
    fn coefficient_tangents(
        &self,
        sums: &Sums,
        dots: &Sums,
        tangent: &NormTangent,
        b: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let Some(count) = self.count else { return self.nothing() };
        let (a, slope) = (self.scale(), self.scale_tangent(tangent));
        let b_dot = self.each(a.len(), |k, _| {
            let (inv, c) = (self.inv[k], self.channel(k));
            let cube = tangent.gamma[c] * inv.powi(3) + 3.0 * self.gamma[c] * inv.powi(2) * tangent.inv[k];
            -(cube * sums.centred[k] + self.gamma[c] * inv.powi(3) * dots.centred[k]) / count
        });
        let c_dot = self.each(a.len(), |k, _| {
            -(slope[k] * sums.plain[k] + a[k] * dots.plain[k]) / count
                - b_dot[k] * self.mean[k]
                - b[k] * tangent.mean[k]
        });
        (b_dot, c_dot)
    }

    fn nothing(&self) -> (Vec<f64>, Vec<f64>) {
        (vec![0.0; self.mean.len()], vec![0.0; self.mean.len()])
    }

    /// `a = gamma inv`.
    fn scale(&self) -> Vec<f64> {
        self.each(self.inv.len(), |k, _| self.gamma[self.channel(k)] * self.inv[k])
    }

    /// `a' = gamma inv' + gamma' inv`.
    fn scale_tangent(&self, tangent: &NormTangent) -> Vec<f64> {
        self.each(self.inv.len(), |k, _| {
            let c = self.channel(k);
            self.gamma[c] * tangent.inv[k] + tangent.gamma[c] * self.inv[k]
        })
    }

    fn channel(&self, k: usize) -> usize {
        k % self.gamma.len().max(1)
    }

    /// `f(k, s)` for `count` entries `k`, each with its statistic `s`: those of a batch belong to the entries of all images.
    fn each(&self, count: usize, f: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        (0..count).map(|k| f(k, k % self.mean.len().max(1))).collect()
    }

    /// Whether sums are needed per image.
    fn by_image(&self, wants: LayerWants) -> bool {
        self.per_image || wants.params == GradientForm::PerImage
    }

    /// Sums over the values of each statistic.
    fn pooled(&self, sums: &Sums, by_image: bool) -> Sums {
        let pool = |values: &[f64]| match by_image && !self.per_image {
            true => over_images(values, self.gamma.len()),
            false => values.to_vec(),
        };
        Sums { plain: pool(&sums.plain), centred: pool(&sums.centred) }
    }

    /// Gradients of the parameters in the form that is wanted.
    fn in_form(&self, gradients: [Vec<f64>; 2], form: GradientForm) -> [Option<HostValues>; 2] {
        gradients.map(|gradient| match form {
            GradientForm::None => None,
            GradientForm::Summed | GradientForm::SumsOnly => {
                Some(HostValues::F64(over_images(&gradient, self.gamma.len())))
            }
            GradientForm::PerImage => Some(HostValues::F64(gradient)),
        })
    }
}

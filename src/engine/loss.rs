//! Losses on logits, in f64 on the host.

use super::EngineError;

/// What a backward pass differentiates.
#[derive(Clone, Copy, Debug)]
pub enum Loss<'a> {
    /// Mean over the images of `-ln softmax(z)[label]`.
    CrossEntropy { labels: &'a [u32] },
    /// The same against targets `q = (1 - smoothing) onehot + smoothing / K` of K classes: the mean of `-sum_k q_k ln softmax(z)_k`
    /// (Szegedy et al., CVPR 2016, section 7).
    Smoothed { labels: &'a [u32], smoothing: f64 },
    /// Sum of all logits of all images.
    SumOfLogits,
}

impl Loss<'_> {
    /// The loss of `[N, K]` logits.
    ///
    /// # Errors
    /// [`EngineError::Labels`] when there is not one label below K for each image.
    pub fn value(&self, logits: &[f64], images: usize) -> Result<f64, EngineError> {
        let Some((labels, smoothing)) = self.targets() else { return Ok(logits.iter().sum()) };
        let classes = self.classes(logits, images)?;
        let rows = logits.chunks(classes).zip(labels).map(|(z, label)| {
            let mean = if smoothing == 0.0 { 0.0 } else { z.iter().sum::<f64>() / classes as f64 };
            log_sum_exp(z) - (1.0 - smoothing) * z[*label as usize] - smoothing * mean
        });
        Ok(rows.sum::<f64>() / images as f64)
    }

    /// The gradient with respect to the logits: `(softmax(z) - q) / N` for targets `q`, or ones.
    ///
    /// # Errors
    /// As [`Loss::value`].
    pub fn gradient(&self, logits: &[f64], images: usize) -> Result<Vec<f64>, EngineError> {
        let Some((labels, smoothing)) = self.targets() else { return Ok(vec![1.0; logits.len()]) };
        let classes = self.classes(logits, images)?;
        let mut gradient = softmax(logits, classes);
        for (row, label) in gradient.chunks_mut(classes).zip(labels) {
            row[*label as usize] -= 1.0 - smoothing;
            row.iter_mut().for_each(|g| *g = (*g - smoothing / classes as f64) / images as f64);
        }
        Ok(gradient)
    }

    /// The product of the Hessian with respect to the logits and a vector `t`: `p (t - p . t) / N` with `p = softmax(z)`, or 0.
    ///
    /// # Errors
    /// As [`Loss::value`].
    pub fn hessian_vector(&self, logits: &[f64], t: &[f64], images: usize) -> Result<Vec<f64>, EngineError> {
        if self.targets().is_none() {
            return Ok(vec![0.0; logits.len()]);
        }
        let classes = self.classes(logits, images)?;
        let mut result = softmax(logits, classes);
        for (p, t) in result.chunks_mut(classes).zip(t.chunks(classes)) {
            let mean: f64 = p.iter().zip(t).map(|(p, t)| p * t).sum();
            p.iter_mut().zip(t).for_each(|(p, t)| *p *= (t - mean) / images as f64);
        }
        Ok(result)
    }

    /// Labels and their smoothing.
    fn targets(&self) -> Option<(&[u32], f64)> {
        match self {
            Self::CrossEntropy { labels } => Some((labels, 0.0)),
            Self::Smoothed { labels, smoothing } => Some((labels, *smoothing)),
            Self::SumOfLogits => None,
        }
    }

    fn classes(&self, logits: &[f64], images: usize) -> Result<usize, EngineError> {
        let classes = logits.len() / images.max(1);
        let Some((labels, _)) = self.targets() else { return Ok(classes) };
        match labels.len() == images && labels.iter().all(|l| (*l as usize) < classes) {
            true => Ok(classes),
            false => Err(EngineError::Labels { labels: labels.len(), images, classes }),
        }
    }
}

fn log_sum_exp(z: &[f64]) -> f64 {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + z.iter().map(|z| (z - top).exp()).sum::<f64>().ln()
}

fn softmax(logits: &[f64], classes: usize) -> Vec<f64> {
    let rows = logits.chunks(classes).flat_map(|z| {
        let norm = log_sum_exp(z);
        z.iter().map(move |z| (z - norm).exp())
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 6] = [0.3, -1.2, 2.0, 0.1, 0.0, -0.4];
    const LOSS: Loss<'static> = Loss::CrossEntropy { labels: &[2, 0] };

    fn moved(t: &[f64], step: f64) -> Vec<f64> {
        LOGITS.iter().zip(t).map(|(z, t)| z + step * t).collect()
    }

    #[test]
    fn derivatives_are_those_of_the_value() {
        let (t, h) = ([0.5, -0.3, 0.2, 1.0, -2.0, 0.7], 1e-5);
        let dot = |a: &[f64]| a.iter().zip(&t).map(|(a, t)| a * t).sum::<f64>();
        for loss in [LOSS, Loss::Smoothed { labels: &[2, 0], smoothing: 0.1 }] {
            let slope =
                (loss.value(&moved(&t, h), 2).unwrap() - loss.value(&moved(&t, -h), 2).unwrap()) / (2.0 * h);
            assert!((dot(&loss.gradient(&LOGITS, 2).unwrap()) - slope).abs() < 1e-9);
            let (up, down) =
                (loss.gradient(&moved(&t, h), 2).unwrap(), loss.gradient(&moved(&t, -h), 2).unwrap());
            for (k, c) in loss.hessian_vector(&LOGITS, &t, 2).unwrap().iter().enumerate() {
                assert!((c - (up[k] - down[k]) / (2.0 * h)).abs() < 1e-9);
            }
        }
    }

    /// Smoothing mixes the losses of all classes in.
    #[test]
    fn smoothing_by_hand() {
        let of = |label: u32| Loss::CrossEntropy { labels: &[label] }.value(&LOGITS[..3], 1).unwrap();
        let smoothed = Loss::Smoothed { labels: &[2], smoothing: 0.3 }.value(&LOGITS[..3], 1).unwrap();
        assert!((smoothed - 0.7 * of(2) - 0.1 * (of(0) + of(1) + of(2))).abs() < 1e-12);
    }

    /// Logits whose exponentials overflow still have a finite loss.
    #[test]
    fn large_logits_are_finite() {
        let loss = Loss::CrossEntropy { labels: &[1] };
        assert_eq!(loss.value(&[1e4, 0.0], 1).unwrap(), 1e4);
        assert_eq!(loss.gradient(&[1e4, 0.0], 1).unwrap(), [1.0, -1.0]);
    }

    #[test]
    fn labels_must_fit() {
        for labels in [&[0u32][..], &[0, 3], &[0, 1, 2]] {
            assert!(matches!(
                Loss::CrossEntropy { labels }.gradient(&LOGITS, 2),
                Err(EngineError::Labels { classes: 3, .. })
            ));
        }
    }
}

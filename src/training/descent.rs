//! Stochastic gradient descent with momentum, as PyTorch's `SGD` carries it out.

use crate::engine::HostValues;
use crate::graph::{ParamId, Weights};

use super::Recipe;

/// The velocities `v` of all parameters:
///
/// ```text
/// g <- g + decay w
/// v <- momentum v + g
/// w <- w - rate v                      or, as Nesterov has it, w - rate (g + momentum v)
/// ```
///
/// A parameter that no gradient reaches stays as it is. Weights and velocities are f64.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Descent {
    velocities: Vec<Option<Vec<f64>>>,
}

impl Descent {
    /// Changes one parameter.
    pub fn step(
        &mut self,
        recipe: &Recipe,
        rate: f64,
        weights: &mut Weights,
        id: ParamId,
        gradient: &HostValues,
    ) {
        if self.velocities.len() <= id.index() {
            self.velocities.resize(id.index() + 1, None);
        }
        let gradient = gradient.to_f64();
        let velocity = self.velocities[id.index()].get_or_insert_with(|| vec![0.0; gradient.len()]);
        let (momentum, decay) = (recipe.momentum, recipe.weight_decay);
        weights.change(id, |weights| {
            for ((w, v), g) in weights.iter_mut().zip(velocity).zip(gradient) {
                let g = g + decay * *w;
                *v = momentum * *v + g;
                *w -= rate * if recipe.nesterov { g + momentum * *v } else { *v };
            }
        });
    }

    /// The velocity of a parameter, where it has been changed.
    pub fn velocity(&self, id: ParamId) -> Option<&[f64]> {
        self.velocities.get(id.index())?.as_deref()
    }

    /// Descent that goes on with these velocities, by [`ParamId`].
    pub fn resume(velocities: Vec<Option<Vec<f64>>>) -> Self {
        Self { velocities }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::init::Scheme;
    use crate::graph::{Builder, Shape};

    /// Two steps of a bias by hand: with g = 0.25, decay 0.1, momentum 0.5, rate 2.
    #[test]
    fn two_steps_by_hand() {
        let mut b = Builder::new("Linear", Shape::Vector { features: 1 });
        let logits = b.linear("fc", b.input(), 1);
        let graph = b.finish(logits).unwrap();
        let (id, _) = graph.trainable().next().unwrap();
        let after = |nesterov| {
            let recipe = Recipe { momentum: 0.5, weight_decay: 0.1, nesterov, ..Recipe::default() };
            let (mut weights, mut descent) = (Weights::init(&graph, Scheme::Default, 0), Descent::default());
            weights.change(id, |w| w[0] = 1.0);
            (0..2).for_each(|_| descent.step(&recipe, 2.0, &mut weights, id, &HostValues::F64(vec![0.25])));
            assert_eq!(weights.get(id)[0], weights.exact(id).unwrap()[0] as f32);
            weights.exact(id).unwrap()[0]
        };
        // g = 0.35, v = 0.35, w = 0.3; g = 0.28, v = 0.455, w = -0.61.
        assert!((after(false) + 0.61).abs() < 1e-15);
        // g = 0.35, v = 0.35, w = 1 - 2 (0.35 + 0.175) = -0.05; g = 0.245, v = 0.42, w = -0.05 - 2 (0.245 + 0.21).
        assert!((after(true) + 0.96).abs() < 1e-15);
    }
}

//! Tangents and second derivatives: the formulas of values and gradients, evaluated on `Dual` numbers.

use super::real::{Dual, duals, parts};
use super::{attention, host, in_form, layer_norm};
use crate::engine::kernels::{
    GradientForm, Heads, HostValues, Kernels, LayerGradients, TokenNorm, WithTangent, wide,
};

/// Tangents of the weight and the bias of a layer normalisation, `[features]`; `None` is zero.
type NormTangents<'a> = (Option<&'a HostValues>, Option<&'a HostValues>);

fn dual<K: Kernels>(kernels: &K, (x, t): WithTangent<'_, K::Value>) -> Result<Vec<Dual>, String> {
    let t = t.map(|t| host(kernels, t)).transpose()?;
    Ok(duals(&host(kernels, x)?, t.as_deref()))
}

fn parameter(values: &[f32], tangent: Option<&HostValues>) -> Vec<Dual> {
    duals(&wide(values), tangent.map(HostValues::to_f64).as_deref())
}

/// Tangent of a layer normalisation's output.
///
/// # Errors
/// The device's message.
pub fn layer_norm_tangent<K: Kernels>(
    kernels: &K,
    x: WithTangent<'_, K::Value>,
    norm: &TokenNorm<'_>,
    (weight, bias): NormTangents<'_>,
) -> Result<Option<K::Value>, String> {
    if x.1.is_none() && weight.is_none() && bias.is_none() {
        return Ok(None);
    }
    let (gamma, beta) = (parameter(norm.weight, weight), parameter(norm.bias, bias));
    let y = layer_norm::forward(&dual(kernels, x)?, (&gamma, &beta), norm.sizes, norm.eps);
    let [_, slopes] = parts(&y);
    Ok(Some(kernels.upload(&slopes, norm.sizes.n, norm.sizes.shape())))
}

/// The cotangent of a layer normalisation's input, its derivative, and the derivatives of all gradients (`input` among them).
///
/// # Errors
/// The device's message.
pub fn layer_norm_second<K: Kernels>(
    kernels: &K,
    (x, dy): (WithTangent<'_, K::Value>, WithTangent<'_, K::Value>),
    norm: &TokenNorm<'_>,
    (weight, _): NormTangents<'_>,
    form: GradientForm,
) -> Result<(K::Value, LayerGradients<K::Value>), String> {
    let (n, shape) = (norm.sizes.n, norm.sizes.shape());
    let (x, dy) = (dual(kernels, x)?, dual(kernels, dy)?);
    let all = layer_norm::backward(&x, &dy, &parameter(norm.weight, weight), norm.sizes, norm.eps);
    let [value, slopes] = parts(&all.input);
    let [gamma, beta] = [all.gamma, all.beta].map(|images| {
        let [_, slopes] = parts(&images);
        in_form(kernels, slopes, n, form)
    });
    let input = Some(kernels.upload(&slopes, n, shape));
    let tangents = LayerGradients { input, weight: gamma, bias: beta, weight_sums: None };
    Ok((kernels.upload(&value, n, shape), tangents))
}

/// Tangent of attention's output.
///
/// # Errors
/// The device's message.
pub fn attention_tangent<K: Kernels>(
    kernels: &K,
    qkv: [WithTangent<'_, K::Value>; 3],
    heads: &Heads<'_>,
) -> Result<Option<K::Value>, String> {
    if qkv.iter().all(|(_, t)| t.is_none()) {
        return Ok(None);
    }
    let [q, k, v] = qkv;
    let (q, k, v) = (dual(kernels, q)?, dual(kernels, k)?, dual(kernels, v)?);
    let [_, slopes] = parts(&attention::forward([q.as_slice(), &k, &v], heads));
    Ok(Some(kernels.upload(&slopes, heads.sizes.n, heads.sizes.shape())))
}

/// Cotangents of queries, keys and values, each with its derivative.
///
/// # Errors
/// The device's message.
pub fn attention_second<K: Kernels>(
    kernels: &K,
    [q, k, v]: [WithTangent<'_, K::Value>; 3],
    dy: WithTangent<'_, K::Value>,
    heads: &Heads<'_>,
) -> Result<[[K::Value; 2]; 3], String> {
    let (q, k, v) = (dual(kernels, q)?, dual(kernels, k)?, dual(kernels, v)?);
    let dy = dual(kernels, dy)?;
    let all = attention::backward([q.as_slice(), &k, &v], &dy, heads);
    let upload = |values: Vec<f64>| kernels.upload(&values, heads.sizes.n, heads.sizes.shape());
    Ok(all.map(|gradient| parts(&gradient).map(upload)))
}

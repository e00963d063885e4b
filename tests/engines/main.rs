//! Engines, and what is computed with them: networks and their derivatives, proxies, teachers, maps.

#[path = "../common/mod.rs"]
mod common;

mod bert;
mod cam;
mod cam_nas;
mod forward;
mod gradients;
mod keyed_weights;
mod networks;
mod proxies;
mod saliency;
mod teachers;

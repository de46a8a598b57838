//! The encoder's forward pass in 8-bit integers.
//!
//! - [`kernel`] dot products of 7-bit activations with 8-bit weights: the only code that differs from processor to processor
//! - [`linear`] a weight matrix packed for them, with what happens to its outputs fused in
//! - [`float`]  layer norm, GELU, softmax, attention, quantisation: one source for all processors
//! - [`model`]  the network
//!
//! Integer sums have no rounding and the floating-point part has no fused multiply-add and a fixed order, so every processor gives the same
//! bits. Activations have 7 bits because AVX2 adds two products of a byte pair in 16 bits: 2 × 127 × 127 fits, 2 × 255 × 127 would saturate.

pub mod float;
pub mod kernel;
pub mod linear;
pub mod model;
#[cfg(test)]
mod tests;

pub use kernel::Processor;
pub use model::Int8Encoder;

//! The exponential distribution by the ziggurat method (Marsaglia & Tsang 2000, J. Stat. Softw. 5(8)).
//!
//! Inversion needs a logarithm per draw, which is the longest link in the chain from one event to the next. The ziggurat covers
//! the density with 256 layers of equal area: 98.9 % of the draws are one multiplication and one comparison, exactly
//! distributed all the same. Everything is basic arithmetic and `libm`, so draws are bit-identical across machines.

use std::sync::LazyLock;

use crate::random::Stream;

/// Number of layers.
const LAYERS: usize = 256;
/// Where the tail begins: the root of the equation that makes all layers equal (Marsaglia & Tsang, §3).
const TAIL: f64 = 7.697_117_470_131_05;

/// Right edges of the layers, from the base strip (which includes the tail) up to 0, and the density there.
struct Tables {
    edge: [f64; LAYERS + 1],
    density: [f64; LAYERS + 1],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let density = |x: f64| libm::exp(-x);
    // Area of every layer: the base strip below f(TAIL), the tail beyond it.
    let area = TAIL * density(TAIL) + density(TAIL);
    let mut edge = [0.0; LAYERS + 1];
    edge[0] = area / density(TAIL);
    edge[1] = TAIL;
    for i in 2..LAYERS {
        edge[i] = -libm::log(area / edge[i - 1] + density(edge[i - 1]));
    }
    Tables { density: edge.map(density), edge }
});

/// One draw from the exponential distribution with mean 1.
#[inline]
pub(crate) fn exponential(stream: &mut Stream) -> f64 {
    let tables = &*TABLES;
    let word = stream.word();
    let layer = (word & 0xff) as usize;
    let x = (word >> 11) as f64 * (1.0 / (1_u64 << 53) as f64) * tables.edge[layer];
    if x < tables.edge[layer + 1] { x } else { beside(stream, tables, layer, x) }
}

/// The draw fell beside the part of its layer that lies wholly under the density.
#[cold]
fn beside(stream: &mut Stream, tables: &Tables, layer: usize, x: f64) -> f64 {
    if layer == 0 {
        // The tail of an exponential is an exponential.
        return TAIL - libm::log(stream.unit());
    }
    let (low, high) = (tables.density[layer], tables.density[layer + 1]);
    if low + (high - low) * stream.unit() < libm::exp(-x) { x } else { exponential(stream) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Seed};

    #[test]
    fn layers_close_at_the_top() {
        // The last layer must reach the density's maximum: f(edge[255]) + area/edge[255] = 1.
        let t = &*TABLES;
        let area = TAIL * t.density[1] + t.density[1];
        assert!((t.density[LAYERS - 1] + area / t.edge[LAYERS - 1] - 1.0).abs() < 1e-12);
        assert!(t.edge.windows(2).all(|pair| pair[0] > pair[1]));
    }

    /// Kolmogorov–Smirnov against 1 − e^(−x): the bound 2.70/√n is the 1 − 10^-6 quantile of the limit law.
    #[test]
    fn follows_the_exponential_law() {
        let n = 200_000;
        let mut draws: Vec<f64> = {
            let mut stream = Seed(7).stream(Domain::WORKLOAD, 0, 0);
            (0..n).map(|_| exponential(&mut stream)).collect()
        };
        draws.sort_unstable_by(f64::total_cmp);
        let distance = draws.iter().enumerate().fold(0.0_f64, |worst, (i, &x)| {
            let law = 1.0 - libm::exp(-x);
            worst.max((law - i as f64 / n as f64).abs()).max(((i + 1) as f64 / n as f64 - law).abs())
        });
        assert!(distance < 2.70 / (n as f64).sqrt(), "distance {distance}");
        // The tail is used: P(X > 7.697) = 4.5e-4, so 91 draws are expected; fewer than 40 or more than 150 in 10^7 cases.
        let tail = draws.iter().filter(|&&x| x > TAIL).count();
        assert!((40..150).contains(&tail), "{tail} draws in the tail");
    }
}

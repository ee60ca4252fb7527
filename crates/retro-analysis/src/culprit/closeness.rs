//! Weights for suspects by what they changed.

/// At most this much likelier is a commit that changed the test's own file: enough to begin with it, not
/// enough to hide another.
const MOST: f64 = 4.0;

/// How likely a commit is beforehand, beside one that changed nothing near the test: from 1 to 4, by
/// how many leading folders the nearest changed file shares with one of the test's. All paths are
/// relative to the repository and use slashes. 1 when either list is empty.
pub fn weight_by_paths(test: &[&str], changed: &[&str]) -> f64 {
    let nearest = test
        .iter()
        .flat_map(|own| changed.iter().map(|other| shared(own, other)))
        .fold(0.0, f64::max);
    1.0 + (MOST - 1.0) * nearest
}

/// The share of leading parts that the longer of two paths has in common with the other.
fn shared(a: &str, b: &str) -> f64 {
    let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
    let same = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b);
    same.count() as f64 / parts(a).max(parts(b)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_the_likelier() {
        let check = |changed: &[&str], expected: f64| {
            let weight = weight_by_paths(&["a/b/c/test.rs"], changed);
            assert!((weight - expected).abs() < 1e-9, "{changed:?}: {weight}");
        };
        check(&[], 1.0);
        check(&["x/y.rs"], 1.0);
        check(&["a/b/z.rs"], 2.5);
        check(&["x/y.rs", "a/b/c/other.rs"], 3.25);
        check(&["a/b/c/test.rs"], 4.0);
    }
}

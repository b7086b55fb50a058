//! What a forger has to guess: ids and source ports.

use std::collections::HashSet;
use std::io;

use crate::ask::{ask, builder, failed};
use crate::lying::LyingServer;
use crate::message::REAL;
use crate::scaled;

on_every_dispatcher!(ids_and_source_ports_cannot_be_guessed);

/// For 15 degrees of freedom: true randomness comes out above in less than one of a million cases.
const CHI_SQUARE_15: f64 = 60.0;

/// DN2. All bounds are such that true randomness fails them less than once in a million runs.
async fn ids_and_source_ports_cannot_be_guessed() -> io::Result<()> {
    let count = scaled(500, 2000);
    let server = LyingServer::honest();
    let resolver = builder().name_server(server.address()).cache_size(0_usize).build().map_err(failed)?;
    for number in 0..count {
        assert_eq!(ask(&resolver, &format!("{number}.example")).await.map_err(failed)?, [REAL]);
    }
    let asked = server.questions();
    assert_eq!(asked.len(), count, "no question was asked twice");
    let ids: Vec<u16> = asked.iter().map(|asked| asked.question.id).collect();
    let ports: Vec<u16> = asked.iter().map(|asked| asked.from.port()).collect();

    for shift in [0, 4, 8, 12] {
        let nibbles = ids.iter().map(|id| usize::from(id >> shift & 15));
        let chi_square = chi_square(nibbles);
        assert!(chi_square < CHI_SQUARE_15, "bits {shift} and up of ids: {chi_square}");
    }
    let distinct = ports.iter().collect::<HashSet<_>>().len();
    assert!(distinct * 10 >= count * 9, "{distinct} ports of {count} questions");
    for (what, numbers) in [("ids", &ids), ("ports", &ports)] {
        assert!(near_neighbours(numbers) <= 16, "{what} follow one another: {numbers:?}");
        let shifted = correlation(&numbers[1..], &numbers[..count - 1]);
        assert!(shifted < bound(count), "{what} tell the next one: {shifted}");
    }
    let together = correlation(&ids, &ports);
    assert!(together < bound(count), "ports tell ids: {together}");
    Ok(())
}

/// Over 16 buckets.
fn chi_square(buckets: impl Iterator<Item = usize>) -> f64 {
    let mut counts = [0.0_f64; 16];
    buckets.for_each(|bucket| counts[bucket] += 1.0);
    let expected = counts.iter().sum::<f64>() / 16.0;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

/// How often a number is at most 8 away from the one before it: about once in 3,800 when they are random.
fn near_neighbours(numbers: &[u16]) -> usize {
    numbers.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 8).count()
}

/// Pearson's, without its sign.
fn correlation(a: &[u16], b: &[u16]) -> f64 {
    let mean = |numbers: &[u16]| numbers.iter().copied().map(f64::from).sum::<f64>() / numbers.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        both += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    (both / (square_a * square_b).sqrt()).abs()
}

/// Five standard deviations of a correlation that is none.
fn bound(count: usize) -> f64 {
    5.0 / (count as f64).sqrt()
}

//! In which order to try the places where a service is: RFC 2782, "Usage rules".

use crate::error::{Cause, LookupError};
use crate::record::Srv;
use crate::sys;

/// By priority, and among those of one priority by chance according to weight.
pub(super) fn by_priority_and_weight(name: &str, mut list: Vec<Srv>) -> Result<Vec<Srv>, LookupError> {
    // Those of weight 0 to the front of their priority, so that they have a small chance.
    list.sort_by_key(|srv| (srv.priority, srv.weight));
    let mut ordered = Vec::with_capacity(list.len());
    while let Some(first) = list.first() {
        let priority = first.priority;
        let end = list.iter().position(|srv| srv.priority != priority).unwrap_or(list.len());
        let chosen =
            choose(&list[..end], random().map_err(|error| LookupError::new(name, Cause::Io(error)))?);
        ordered.push(list.remove(chosen));
    }
    Ok(ordered)
}

/// The first whose running sum of weights reaches a number of 0 to the sum of all.
fn choose(list: &[Srv], random: u64) -> usize {
    let sum: u64 = list.iter().map(|srv| u64::from(srv.weight)).sum();
    // 64 bits against a sum of at most 32: the bias is nothing.
    let goal = random % (sum + 1);
    let mut running = 0;
    let reaches = |srv: &Srv| {
        running += u64::from(srv.weight);
        running >= goal
    };
    list.iter().position(reaches).unwrap_or(0)
}

fn random() -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    sys::random(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;

    fn srv(priority: u16, weight: u16) -> Srv {
        Srv { priority, weight, port: 1, target: Name::root() }
    }

    #[test]
    fn the_lowest_priority_comes_first_whatever_its_weight() {
        let list =
            by_priority_and_weight("name", vec![srv(20, 9000), srv(10, 0), srv(30, 1), srv(10, 0)]).unwrap();
        assert_eq!(list.iter().map(|srv| srv.priority).collect::<Vec<_>>(), [10, 10, 20, 30]);
        assert_eq!(by_priority_and_weight("name", vec![]).unwrap(), []);
    }

    #[test]
    fn weight_decides_how_often_one_comes_first() {
        let list = [srv(1, 0), srv(1, 20), srv(1, 60)];
        // Each goal of 0 to 80 once.
        let mut counts = [0; 3];
        for random in 0..81 {
            counts[choose(&list, random)] += 1;
        }
        assert_eq!(counts, [1, 20, 60]);
    }

    #[test]
    fn chance_does_decide() {
        let list = vec![srv(1, 50), srv(1, 49)];
        let first = || by_priority_and_weight("name", list.clone()).unwrap()[0].weight;
        // That 200 throws all fall on one side has a chance of 1 to 2^199.
        let weights: Vec<u16> = (0..200).map(|_| first()).collect();
        assert!(weights.contains(&50) && weights.contains(&49));
    }
}

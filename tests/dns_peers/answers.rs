use crate::dig;
use crate::peers::Peers;
use crate::zone::{self, whole};
use std::io;

on_every_dispatcher!(try_it);

async fn try_it() -> io::Result<()> {
    let Some(peers) = Peers::start().await else { return Ok(()) };
    peers
        .blocking(|p| {
            for s in p.servers() {
                for &(n, t) in
                    zone::WITH_RECORDS.iter().chain(zone::WITHOUT_RECORDS).chain(zone::WITHOUT_NAME)
                {
                    let l = dig::short(s.address, &whole(n), t);
                    let (f, st) = dig::header(s.address, &[&whole(n), t]);
                    let j = l.join(" | ");
                    eprintln!("{} {n} {t} [{f} {st}]: {}", s.name, &j.chars().take(300).collect::<String>());
                }
            }
            eprintln!("{:?}", p.knot.counts());
        })
        .await;
    Ok(())
}

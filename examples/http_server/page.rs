//! The page at `/`: what is known of the connection, and the runtime's counters as they are now.

use std::fmt::Write;

use fend::Handle;
use fend::runtime::Metrics;

const HEAD: &str = "<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta http-equiv=refresh content=1>
<title>fend</title>
<h1>It works</h1>
<p>This page comes from an example of fend's and shows the runtime that serves it, anew each second.
<pre>
";

/// The page for the runtime that serves it. `about` is text, in lines.
pub(crate) fn render(about: &str) -> String {
    let metrics = Handle::current().metrics();
    let mut page = HEAD.to_owned();
    push_escaped(about, &mut page);
    write_tables(&metrics, &mut page).expect("a String takes everything");
    page.push_str("</pre>\n</html>\n");
    page
}

fn write_tables(metrics: &Metrics, page: &mut String) -> std::fmt::Result {
    writeln!(page, "tasks alive        {:>12}", metrics.tasks_alive)?;
    writeln!(page, "tasks injected     {:>12}", metrics.injector_len)?;
    writeln!(page, "blocking threads   {:>12}", metrics.blocking.threads)?;
    writeln!(page, "blocking jobs      {:>12}", metrics.blocking.jobs())?;
    writeln!(page, "\nworker        polls       steals        parks       queued   busy seconds")?;
    for (number, worker) in metrics.workers.iter().enumerate() {
        writeln!(
            page,
            "{number:<6} {:>12} {:>12} {:>12} {:>12} {:>14.3}",
            worker.polls,
            worker.steals,
            worker.parks,
            worker.queue_len,
            worker.busy.as_secs_f64()
        )?;
    }
    writeln!(page, "\ndriver        turns       events")?;
    for (number, driver) in metrics.drivers.iter().enumerate() {
        writeln!(page, "{number:<6} {:>12} {:>12}", driver.turns, driver.events)?;
    }
    Ok(())
}

/// A name in a certificate may be anything.
fn push_escaped(text: &str, page: &mut String) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            other => page.push(other),
        }
    }
}

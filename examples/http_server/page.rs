//! The page at `/`: the runtime's counters as they are now.

use std::fmt::Write;

use fend::Handle;
use fend::runtime::Metrics;

const HEAD: &str = "<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta http-equiv=refresh content=1>
<title>fend</title>
<h1>It works</h1>
<p>This page comes from fend's <code>http_server</code> example and shows its runtime, anew each second.
<pre>
";

/// The page for the runtime that serves it.
pub(crate) fn render() -> String {
    let metrics = Handle::current().metrics();
    let mut page = HEAD.to_owned();
    write_tables(&metrics, &mut page).expect("a String takes everything");
    page.push_str("</pre>\n</html>\n");
    page
}

fn write_tables(metrics: &Metrics, page: &mut String) -> std::fmt::Result {
    writeln!(page, "tasks alive        {:>12}", metrics.tasks_alive)?;
    writeln!(page, "tasks injected     {:>12}", metrics.injector_len)?;
    writeln!(page, "blocking threads   {:>12}", metrics.blocking_threads)?;
    writeln!(page, "blocking jobs      {:>12}", metrics.blocking_jobs)?;
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

//! What there is to see: a page at `/` with what is known of the connection and the runtime's counters as they are now, and a line of text at
//! `/plain`.

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

/// What a response says.
pub(crate) struct Page {
    /// The number, and its name.
    pub(crate) status: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) body: String,
}

impl Page {
    /// The one at `path`. That at `/` has `about` the connection in it: text, in lines.
    pub(crate) fn at(path: &str, about: &str) -> Page {
        match path {
            "/" => {
                let media_type = "text/html; charset=utf-8";
                Page { status: "200 OK", media_type, body: render(about) }
            }
            "/plain" => Page::text("200 OK", "Hello from fend!\n".to_owned()),
            _ => Page::text("404 Not Found", "There is / and /plain.\n".to_owned()),
        }
    }

    pub(crate) fn text(status: &'static str, body: String) -> Page {
        Page { status, media_type: "text/plain; charset=utf-8", body }
    }
}

/// The page for the runtime that serves it.
fn render(about: &str) -> String {
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

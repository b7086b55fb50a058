//! One URL, from the request to the last byte of the output.

use fend::time::timeout;

use crate::command_line::Command;
use crate::http::{self, Response, Stream, Url};
use crate::output::{Output, Target, Written};
use crate::status::Failure;
use crate::watcher::Watcher;

/// How a fetch ends when it does not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    NobodyReads,
}

/// Fetches `url` as the command says.
pub(crate) async fn fetch(url: &str, target: Target, command: &Command) -> Result<End, Failure> {
    match command.max_time {
        None => fetch_patiently(url, target, command).await,
        Some(limit) => {
            let fetched = timeout(limit, fetch_patiently(url, target, command)).await;
            fetched.unwrap_or(Err(Failure::TimedOut(limit)))
        }
    }
}

async fn fetch_patiently(url: &str, target: Target, command: &Command) -> Result<End, Failure> {
    let url = Url::parse(url)?;
    let mut watcher = Watcher::new(command.verbose, command.include);
    let response = http::request(&url, &command.options, &mut watcher).await?;
    let status = response.head.status;
    if command.fail && status >= 400 {
        return Err(Failure::Status(status));
    }
    let output = Output::open(target).await?;
    let heads = watcher.into_heads();
    if !heads.is_empty() && output.write(heads).await? == Written::NobodyReads {
        return Ok(End::NobodyReads);
    }
    if command.head_only {
        response.body.close().await;
        return Ok(End::Whole);
    }
    write_body(response, &output).await
}

async fn write_body(mut response: Response<Box<dyn Stream>>, output: &Output) -> Result<End, Failure> {
    while let Some(bytes) = response.body.next().await? {
        if output.write(bytes).await? == Written::NobodyReads {
            return Ok(End::NobodyReads);
        }
    }
    Ok(End::Whole)
}

//! tower's timeout layer.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use tower::{Service, ServiceBuilder, ServiceExt};

async fn towers_timeout() -> io::Result<()> {
    let service = tower::service_fn(|slow: bool| async move {
        if slow {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>("done")
    });
    let mut in_time = ServiceBuilder::new().timeout(Duration::from_secs(3600)).service(service);
    assert_eq!(in_time.ready().await.expect("ready").call(false).await.expect("in time"), "done");
    let mut late = ServiceBuilder::new().timeout(Duration::from_millis(5)).service(service);
    let error = late.ready().await.expect("ready").call(true).await.expect_err("late");
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    Ok(())
}

on_every_dispatcher!(towers_timeout);

//! What follows an Upgrade: bytes both ways.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fend::hyper::FuturesIo;
use fend::io::copy_bidirectional;
use hyper::upgrade::OnUpgrade;

use crate::complaints::Complaints;

/// How long one direction goes on when the other has ended.
const HALF_CLOSED: Duration = Duration::from_secs(30);

/// Passes on what either side sends, until both have ended.
pub(crate) async fn relay(
    client: OnUpgrade,
    server: OnUpgrade,
    timeout: Duration,
    complaints: Arc<Complaints>,
) {
    let relayed = async {
        let (client, server) = (FuturesIo::new(client.await?), FuturesIo::new(server.await?));
        copy_bidirectional(client, server).idle_timeout(timeout).half_close_timeout(HALF_CLOSED).await?;
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    };
    if let Err(error) = relayed.await {
        complaints.tell(format_args!("an upgraded connection: {error}"));
    }
}

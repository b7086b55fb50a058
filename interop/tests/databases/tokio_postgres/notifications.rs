//! What the server sends unasked: whoever wants it polls the connection for messages in place of running it as a future.

use futures::channel::mpsc;
use futures::{StreamExt, stream};
use tokio_postgres::AsyncMessage;

use super::{connect, finish, over, tcp};
use crate::Outcome;
use crate::server::postgres::Postgres;
use crate::server::unique;

with_server!(notifications_come_to_who_listens, notices_come_too);

const COUNT: usize = 200;

async fn notifications_come_to_who_listens(server: &'static Postgres) -> Outcome {
    let channel = unique("channel");
    let (listener, mut connection) = over(tcp(server).await?).await?;
    let messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    let (sender, mut receiver) = mpsc::unbounded();
    let reading = fend::spawn(messages.map(Ok).forward(sender));
    listener.batch_execute(&format!("listen {channel}")).await?;

    let (talker, talking) = connect(server).await?;
    for number in 0..COUNT {
        talker.execute("select pg_notify($1, $2)", &[&channel, &format!("number {number}")]).await?;
    }
    for number in 0..COUNT {
        let message = receiver.next().await.expect("the connection is there")?;
        let AsyncMessage::Notification(notification) = message else { panic!("{message:?}") };
        assert_eq!(notification.channel(), channel);
        assert_eq!(notification.payload(), format!("number {number}"));
    }
    finish(talker, talking).await?;
    drop(listener);
    // The session is over: there are no more messages.
    reading.await??;
    assert!(receiver.next().await.is_none());
    Ok(())
}

async fn notices_come_too(server: &'static Postgres) -> Outcome {
    let (client, mut connection) = over(tcp(server).await?).await?;
    let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    let reading = fend::spawn(async move { (messages.next().await, messages.next().await.is_none()) });
    client.batch_execute("do $$ begin raise warning 'mind the gap'; end $$").await?;
    drop(client);
    let (message, is_over) = reading.await?;
    let message = message.expect("a message")?;
    let AsyncMessage::Notice(notice) = message else { panic!("{message:?}") };
    assert_eq!(notice.message(), "mind the gap");
    assert!(is_over);
    Ok(())
}

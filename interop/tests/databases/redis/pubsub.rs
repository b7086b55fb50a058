//! Messages of other clients.

use futures::StreamExt;
use futures::channel::mpsc;
use redis::aio::{PubSub, SendError};
use redis::{AsyncCommands, Msg, PushInfo, PushKind, RedisConnectionInfo};

use super::{connect, over, patient, tcp};
use crate::Outcome;
use crate::server::redis::Redis;
use crate::server::unique;

with_server!(pushed_messages, a_connection_for_messages_alone);

const COUNT: usize = 200;

/// They come over a connection that has other things to do as well.
async fn pushed_messages(server: &'static Redis) -> Outcome {
    let channel = unique("channel");
    let (sender, mut pushed) = mpsc::unbounded::<PushInfo>();
    let config = patient().set_push_sender(move |info| sender.unbounded_send(info).map_err(|_| SendError));
    let (mut listener, running) = over(tcp(server).await?, config).await?;
    listener.subscribe(&channel).await?;
    let (mut talker, _talking) = connect(server).await?;
    for number in 0..COUNT {
        assert_eq!(talker.publish::<_, _, usize>(&channel, number).await?, 1, "one listens");
    }
    assert_eq!(pushed.next().await.expect("the connection is there").kind, PushKind::Subscribe);
    for number in 0..COUNT {
        let info = pushed.next().await.expect("the connection is there");
        let message = Msg::from_push_info(info).expect("a message");
        assert_eq!(message.get_channel_name(), channel);
        assert_eq!(message.get_payload::<usize>()?, number);
    }
    // The same connection still answers.
    assert_eq!(redis::cmd("PING").query_async::<String>(&mut listener).await?, "PONG");
    drop(listener);
    Ok(running.await?)
}

/// In smol's executor, over a socket of fend.
async fn a_connection_for_messages_alone(server: &'static Redis) -> Outcome {
    let channel = unique("channel");
    let mut listener = PubSub::new(&RedisConnectionInfo::default(), tcp(server).await?).await?;
    listener.subscribe(&channel).await?;
    let (mut talker, _talking) = connect(server).await?;
    let talking = async {
        for number in 0..COUNT {
            assert_eq!(talker.publish::<_, _, usize>(&channel, number).await?, 1, "one listens");
        }
        redis::RedisResult::Ok(())
    };
    let listening = async {
        let mut messages = listener.on_message().enumerate().take(COUNT);
        while let Some((number, message)) = messages.next().await {
            assert_eq!(message.get_payload::<usize>()?, number);
        }
        redis::RedisResult::Ok(())
    };
    futures::try_join!(talking, listening)?;
    listener.unsubscribe(&channel).await?;
    assert_eq!(talker.publish::<_, _, usize>(&channel, "nobody").await?, 0);
    Ok(())
}

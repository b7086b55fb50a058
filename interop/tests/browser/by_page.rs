//! Two pages in a browser, and what their users see and do.

use std::io;
use std::process;

use fend::runtime::Dispatcher;

use crate::chromium::Chromium;
use crate::devtools::{Devtools, Page};
use crate::place::target;
use crate::server::Server;

/// What the messages are, one to an element.
const TEXTS: &str = "[...document.querySelectorAll('#messages .text')].map((text) => text.textContent)";

/// Markup, in what a user says, which would do something if it were taken for that.
const MARKUP: &str = "<b>bold</b> <img src=x onerror=\"document.title='taken over'\"> & you?";

async fn join(devtools: &mut Devtools, page: &Page, name: &str) {
    devtools.type_into(page, "name", name).await;
    devtools.type_into(page, "where", "garden").await;
    devtools.press_enter(page).await;
    devtools.until(page, "document.getElementById('state').textContent === 'connected'").await;
}

async fn sees(devtools: &mut Devtools, page: &Page, text: &str) {
    devtools.until(page, &format!("{TEXTS}.includes({text:?})")).await;
}

/// Waits until those are the ones in the room.
async fn sees_people(devtools: &mut Devtools, page: &Page, people: &str) {
    let names = "[...document.querySelectorAll('#people bdi')].map((name) => name.textContent).join()";
    devtools.until(page, &format!("{names} === {people:?}")).await;
}

async fn pages_chat_leave_and_come_back(dispatcher: Dispatcher) -> io::Result<()> {
    let Some(browser) = Chromium::start().await? else { return Ok(()) };
    // Nobody else gets this port while the server is away.
    let [.., high, low] = process::id().to_be_bytes();
    let home = format!("127.{}.{high}.{low}", if dispatcher == Dispatcher::Poll { 78 } else { 77 });
    let server = Server::start_on(&format!("{home}:0"), dispatcher, &[]).await?;
    let devtools = &mut Devtools::connect(&browser).await;

    let ann = devtools.open(&server.url("/")).await;
    let bob = devtools.open(&server.url("/#garden")).await;
    join(devtools, &ann, "Ann").await;
    join(devtools, &bob, "Bob").await;
    sees_people(devtools, &ann, "Ann (you),Bob").await;
    sees_people(devtools, &bob, "Ann,Bob (you)").await;

    devtools.type_into(&ann, "text", "Good morning, Bob!").await;
    devtools.press_enter(&ann).await;
    sees(devtools, &bob, "Good morning, Bob!").await;
    devtools.type_into(&bob, "text", MARKUP).await;
    devtools.click(&bob, "#say button").await;
    for page in [&ann, &bob] {
        sees(devtools, page, "Good morning, Bob!").await;
        sees(devtools, page, MARKUP).await;
        assert_eq!(
            devtools.value(page, "document.querySelectorAll('#messages b, #messages img').length").await,
            0
        );
        assert_eq!(devtools.value(page, "document.title").await, "fend chat");
        assert_eq!(devtools.value(page, "document.getElementById('text').value").await, "");
    }
    devtools.type_into(&ann, "text", "Your tags arrive as text, and nothing runs: déjà vu?").await;
    devtools.press_enter(&ann).await;
    sees(devtools, &bob, "Your tags arrive as text, and nothing runs: déjà vu?").await;
    devtools.take_picture(&bob, &target().join("websocket_chat.png")).await;

    // A name that is taken is one for a third page to hear of.
    let eve = devtools.open(&server.url("/#garden")).await;
    devtools.type_into(&eve, "name", "Ann").await;
    devtools.click(&eve, "#join button").await;
    devtools
        .until(&eve, "document.getElementById('refusal').textContent.includes('there is a Ann already')")
        .await;
    join(devtools, &eve, "Eve").await;
    sees(devtools, &eve, "Good morning, Bob!").await;
    sees_people(devtools, &ann, "Ann (you),Bob,Eve").await;
    devtools.close(eve).await;
    sees_people(devtools, &ann, "Ann (you),Bob").await;

    // The server ends, and there is another one: both pages are back by themselves, and show each message once.
    let address = server.address.to_string();
    restart(server, devtools, &ann).await?;
    let server = Server::start_on(&address, dispatcher, &[]).await?;
    for page in [&ann, &bob] {
        devtools.until(page, "document.getElementById('state').textContent === 'connected'").await;
    }
    sees_people(devtools, &ann, "Ann (you),Bob").await;
    devtools.type_into(&bob, "text", "There we are again.").await;
    devtools.press_enter(&bob).await;
    sees(devtools, &ann, "There we are again.").await;
    assert_eq!(devtools.value(&ann, &format!("{TEXTS}.length")).await, 4);

    devtools.close(bob).await;
    sees_people(devtools, &ann, "Ann (you)").await;
    browser.close().await?;
    drop(server);
    Ok(())
}

/// Ends the server, and waits until a page has noticed.
async fn restart(mut server: Server, devtools: &mut Devtools, page: &Page) -> io::Result<()> {
    server.terminate()?;
    devtools.until(page, "document.getElementById('state').textContent.includes('again')").await;
    let (status, printed) = server.finish().await?;
    assert!(status.success() && printed.ends_with(" finished, 0 aborted\n"), "{status}: {printed}");
    Ok(())
}

on_every_dispatcher_told!(pages_chat_leave_and_come_back);

//! The protocol by which a browser is driven: [Chrome DevTools Protocol](https://chromedevtools.github.io/devtools-protocol/), JSON over a WebSocket.

use std::collections::VecDeque;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::Message;
use fend::net::TcpStream;
use futures_lite::StreamExt;
use serde_json::{Value, json};

use crate::chromium::Chromium;

/// One connection to the browser, over which all its pages are driven.
pub(crate) struct Devtools {
    socket: WebSocketStream<TcpStream>,
    calls: u64,
    /// What has happened, and was not asked for yet.
    events: VecDeque<Value>,
}

/// A page, by the session that it is driven in.
#[derive(Debug)]
pub(crate) struct Page(String);

impl Devtools {
    pub(crate) async fn connect(browser: &Chromium) -> Devtools {
        let url = &browser.devtools;
        let address = url.trim_start_matches("ws://").split('/').next().expect("a host and a port");
        let stream = fend::connect(address).await.expect("a connection to the browser");
        let (socket, _) =
            async_tungstenite::client_async(url, stream).await.expect("a WebSocket of the browser");
        Devtools { socket, calls: 0, events: VecDeque::new() }
    }

    /// Opens a page, and waits until it is loaded.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"})).await;
        let id = target["targetId"].clone();
        let session =
            self.call(None, "Target.attachToTarget", json!({"targetId": id, "flatten": true})).await;
        let page = Page(session["sessionId"].as_str().expect("a session").to_owned());
        self.on(&page, "Page.enable", json!({})).await;
        // As if its window were the one in front, which only one of several is.
        self.on(&page, "Emulation.setFocusEmulationEnabled", json!({"enabled": true})).await;
        self.on(
            &page,
            "Emulation.setDeviceMetricsOverride",
            json!({
                "width": 900, "height": 620, "deviceScaleFactor": 1.5, "mobile": false,
            }),
        )
        .await;
        self.on(&page, "Page.navigate", json!({"url": url})).await;
        self.happens(&page, "Page.loadEventFired").await;
        page
    }

    /// Closes it, as a user closes a window.
    pub(crate) async fn close(&mut self, page: Page) {
        self.on(&page, "Page.close", json!({})).await;
    }

    /// Waits until something has happened to the page.
    async fn happens(&mut self, page: &Page, method: &str) {
        let is_it = |event: &Value| event["method"] == method && event["sessionId"] == page.0.as_str();
        loop {
            if let Some(index) = self.events.iter().position(is_it) {
                self.events.remove(index);
                return;
            }
            let event = self.read().await;
            self.events.push_back(event);
        }
    }

    async fn on(&mut self, page: &Page, method: &str, parameters: Value) -> Value {
        self.call(Some(page), method, parameters).await
    }

    async fn call(&mut self, page: Option<&Page>, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(Page(session)) = page {
            call["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(call.to_string())).await.expect("the browser takes it");
        loop {
            let mut message = self.read().await;
            if message["id"] == self.calls {
                assert!(message["error"].is_null(), "{call}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.push_back(message);
        }
    }

    async fn read(&mut self) -> Value {
        loop {
            let message =
                self.socket.next().await.expect("the browser runs").expect("a message of the browser");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// The value of an expression of JavaScript in the page; of a promise, what becomes of it.
    pub(crate) async fn value(&mut self, page: &Page, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut result = self.on(page, "Runtime.evaluate", asked).await;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Waits until the expression is true, looking at each change of the page.
    pub(crate) async fn until(&mut self, page: &Page, expression: &str) {
        let all = "{subtree: true, childList: true, attributes: true, characterData: true}";
        let promise = format!(
            "new Promise((resolve) => {{
                const look = () => {{
                    if ({expression}) {{ observer.disconnect(); resolve(); }}
                }};
                const observer = new MutationObserver(look);
                observer.observe(document, {all});
                look();
            }})"
        );
        self.value(page, &promise).await;
    }

    /// Types into the element with this id, in place of what is in it.
    pub(crate) async fn type_into(&mut self, page: &Page, id: &str, text: &str) {
        self.value(page, &format!("document.getElementById('{id}').focus()")).await;
        self.value(page, &format!("document.getElementById('{id}').select()")).await;
        self.on(page, "Input.insertText", json!({"text": text})).await;
    }

    pub(crate) async fn press_enter(&mut self, page: &Page) {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({
                "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r",
            });
            self.on(page, "Input.dispatchKeyEvent", key).await;
        }
    }

    /// Clicks in the middle of what the selector finds.
    pub(crate) async fn click(&mut self, page: &Page, selector: &str) {
        let middle = format!(
            "(() => {{
                const place = document.querySelector('{selector}').getBoundingClientRect();
                return [place.x + place.width / 2, place.y + place.height / 2];
            }})()"
        );
        let middle = self.value(page, &middle).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let click = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.on(page, "Input.dispatchMouseEvent", click).await;
        }
    }

    /// What the page looks like, into a file.
    pub(crate) async fn take_picture(&mut self, page: &Page, path: &Path) {
        let picture = self.on(page, "Page.captureScreenshot", json!({"format": "png"})).await;
        let bytes =
            openssl::base64::decode_block(picture["data"].as_str().expect("a picture")).expect("base64");
        // In one step, and from a file of its own: a test beside this one takes the same picture, and so may a run beside this one.
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let number = TAKEN.fetch_add(1, Ordering::Relaxed);
        let half = path.with_extension(format!("{}.{number}.half", process::id()));
        std::fs::write(&half, bytes).and_then(|()| std::fs::rename(&half, path)).expect("a file");
    }
}

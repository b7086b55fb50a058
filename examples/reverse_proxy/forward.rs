//! One request: to a server, to another when that fails, and the response back.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fend::hyper::server::Peer;
use fend::hyper::{Connector, client_builder};
use fend::task::CancellationToken;
use fend::time::sleep;
use fend::tls::{Context, Mode, TlsConnector};
use futures_lite::future;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::Client;

use crate::access_log::{Answer, Entry};
use crate::body::Passing;
use crate::command_line;
use crate::complaints::Complaints;
use crate::failure::Failure;
use crate::fields;
use crate::patience::Patient;
use crate::tunnel;
use crate::upstreams::{Upstream, Upstreams};

pub(crate) struct Proxy {
    upstreams: Upstreams,
    /// Keeps connections to all of them.
    client: Client<Patient, Passing>,
    rewrite_host: bool,
    trust_forwarded: bool,
    timeout: Duration,
    idle_timeout: Duration,
    tunnel_timeout: Duration,
    max_body: u64,
    is_quiet: bool,
    complaints: Arc<Complaints>,
}

/// A request as servers are to have it.
struct Outgoing {
    parts: Parts,
    body: Incoming,
    client: fields::Client,
    /// The protocol that the connection is to change to, and the client's end of it then.
    upgrade: Option<(HeaderValue, OnUpgrade)>,
}

impl Proxy {
    pub(crate) fn new(
        passing: command_line::Passing,
        complaints: Arc<Complaints>,
    ) -> Result<Proxy, Box<dyn Error>> {
        // An upgrade is one of HTTP/1.1.
        let mut context = Context::builder(Mode::Client).alpn(["http/1.1"]);
        if let Some(authorities) = &passing.upstream_ca {
            context = context.cafile(authorities);
        }
        let tls = TlsConnector::with_context(context.build()?)?;
        let connector = Connector::new().timeout(passing.connect_timeout).tls_connector(&tls);
        Ok(Proxy {
            upstreams: Upstreams::new(passing.upstreams, passing.cool_down),
            client: client_builder().build(Patient { connector, limit: passing.idle_timeout }),
            rewrite_host: passing.rewrite_host,
            trust_forwarded: passing.trust_forwarded,
            timeout: passing.timeout,
            idle_timeout: passing.idle_timeout,
            tunnel_timeout: passing.tunnel_timeout,
            max_body: passing.max_body.map_or(u64::MAX, |most| most as u64),
            is_quiet: passing.quiet,
            complaints,
        })
    }

    /// A server's response, or a page that says why there is none.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let peer: Peer = request.extensions().get().cloned().expect("the server has put it there");
        let (method, target) = (request.method().clone(), request.uri().clone());
        let is_head = method == Method::HEAD;
        let mut entry = Entry::begin(*peer.addr(), method, target, self.is_quiet);
        let answered = async { self.forward(self.read(request, &peer)?, &mut entry).await };
        let response = match answered.await {
            Ok(response) => response.map(Either::Left),
            Err(failure) => page(&failure, is_head).map(Either::Right),
        };
        entry.status = Some(response.status());
        Ok(response.map(|body| Answer::new(body, entry)))
    }

    /// What is wrong with a request is told before a server hears of it.
    fn read(&self, mut request: Request<Incoming>, peer: &Peer) -> Result<Outgoing, Failure> {
        let bad = |sentence| Failure::of_client(StatusCode::BAD_REQUEST, sentence);
        if request.method() == Method::CONNECT {
            return Err(Failure::of_client(StatusCode::NOT_IMPLEMENTED, "this is no proxy for all servers"));
        }
        if request.body().size_hint().lower() > self.max_body {
            return Err(Failure::too_large());
        }
        let (fields, version) = (request.headers(), request.version());
        let host = match fields::host(request.uri(), fields) {
            Some(host) => host,
            // HTTP/1.0 has none.
            None if version == Version::HTTP_10 && !fields.contains_key(HOST) => HeaderValue::from_static(""),
            None => return Err(bad("a request has one Host")),
        };
        let protocol = fields::upgrade(fields).filter(|_| version == Version::HTTP_11);
        let upgrade = protocol.map(|protocol| (protocol, hyper::upgrade::on(&mut request)));
        // One of IPv4 as such, also where it has come to a socket of IPv6.
        let address = peer.addr().ip().to_canonical();
        let client = fields::Client { address, is_tls: peer.tls().is_some(), host, version };
        let (parts, body) = request.into_parts();
        Ok(Outgoing { parts, body, client, upgrade })
    }

    async fn forward(&self, outgoing: Outgoing, entry: &mut Entry) -> Result<Response<Passing>, Failure> {
        let Outgoing { mut parts, body, client, upgrade } = outgoing;
        fields::remove_hop_by_hop(&mut parts.headers);
        fields::join_cookies(&mut parts.headers);
        fields::add_via(&mut parts.headers, client.version);
        if let Some((protocol, _)) = &upgrade {
            fields::set_upgrade(&mut parts.headers, protocol.clone());
        }
        let may_repeat = parts.method.is_idempotent() && body.is_end_stream() && upgrade.is_none();
        // A connection that was kept may have been closed meanwhile: a single server is asked again, too.
        let tries = if may_repeat { self.upstreams.len().max(2) } else { 1 };
        let mut body = Some(body).filter(|_| !may_repeat);
        let mut failure = None;
        for upstream in self.upstreams.order().into_iter().cycle().take(tries) {
            entry.upstream = Some(upstream.to_string());
            let passing = body.take().map_or_else(Passing::empty, |body| {
                Passing::new(body, self.idle_timeout).limit(self.max_body)
            });
            let request = self.request_to(upstream, &parts, &client, passing)?;
            match self.ask(upstream, request).await {
                Ok(response) => return self.pass_back(response, upgrade.map(|(_, client)| client)),
                Err(last) => {
                    if let Some(complaint) = &last.complaint {
                        self.complaints.tell(complaint);
                    }
                    let is_final = !last.is_of_server;
                    failure = Some(last);
                    if is_final {
                        break;
                    }
                }
            }
        }
        Err(failure.expect("there was a try"))
    }

    fn request_to(
        &self,
        upstream: &Upstream,
        parts: &Parts,
        client: &fields::Client,
        body: Passing,
    ) -> Result<Request<Passing>, Failure> {
        let bad_target =
            || Failure::of_client(StatusCode::BAD_REQUEST, "the target of the request is none of a server's");
        let target = parts.uri.path_and_query().cloned();
        let mut request = Request::new(body);
        *request.uri_mut() = target.and_then(|target| upstream.uri(target)).ok_or_else(bad_target)?;
        *request.method_mut() = parts.method.clone();
        *request.headers_mut() = parts.headers.clone();
        let rewritten = (self.rewrite_host || client.host.is_empty()).then_some(&upstream.authority);
        fields::add_forwarded(request.headers_mut(), client, rewritten, self.trust_forwarded);
        Ok(request)
    }

    /// The time of a response begins when the request is under way, all of it: large bodies take as long as they move.
    async fn ask(
        &self,
        upstream: &Upstream,
        request: Request<Passing>,
    ) -> Result<Response<Incoming>, Failure> {
        let passed = CancellationToken::new();
        let request = request.map(|body| body.guard(passed.clone().drop_guard()));
        let late = async {
            passed.cancelled().await;
            sleep(self.timeout).await;
            None
        };
        let asked = async { Some(self.client.request(request).await) };
        match future::or(asked, late).await {
            Some(Ok(response)) => {
                self.upstreams.take_back(upstream);
                Ok(response)
            }
            Some(Err(error)) => {
                if error.is_connect() {
                    self.upstreams.leave_out(upstream);
                }
                Err(Failure::of(upstream, &error))
            }
            None => Err(Failure::late(upstream, self.timeout)),
        }
    }

    fn pass_back(
        &self,
        mut response: Response<Incoming>,
        client: Option<OnUpgrade>,
    ) -> Result<Response<Passing>, Failure> {
        let protocol = fields::upgrade(response.headers());
        let version = response.version();
        fields::remove_hop_by_hop(response.headers_mut());
        fields::add_via(response.headers_mut(), version);
        // Ours is what the client speaks.
        *response.version_mut() = Version::HTTP_11;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let (Some(protocol), Some(client)) = (protocol, client) else {
                return Err(Failure::of_client(
                    StatusCode::BAD_GATEWAY,
                    "the server behind this one changes the protocol",
                ));
            };
            fields::set_upgrade(response.headers_mut(), protocol);
            let server = hyper::upgrade::on(&mut response);
            fend::spawn(tunnel::relay(client, server, self.tunnel_timeout, self.complaints.clone()));
        }
        Ok(response.map(|body| Passing::new(body, self.idle_timeout)))
    }
}

fn page(failure: &Failure, is_head: bool) -> Response<Full<Bytes>> {
    let status = failure.status;
    let text = format!("{status}: {}\n", failure.sentence);
    let length = text.len();
    // With HTTP/2 hyper would send it after HEAD, too.
    let mut response = Response::new(if is_head { Full::default() } else { Full::from(text) });
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    fields.insert(CONTENT_LENGTH, length.into());
    response
}

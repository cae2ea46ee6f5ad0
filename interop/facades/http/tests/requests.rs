//! What the tests of a blocking HTTP client check, against a real server: requests, answers, bodies, errors, timeouts,
//! and where it may be called.

#[path = "../../../../tests/support/mod.rs"]
mod support;

mod server;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::{self, Cursor, Read};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{StatusCode, Version};
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use smartasync_facade_http::{Client, ClientBuilder, Response, get, reader};

use server::url;
use support::{current_thread, multi_thread, within_a_minute};

/// A proxy that the environment names is not used for loopback.
fn builder() -> ClientBuilder {
    Client::builder().no_proxy()
}

fn client() -> Client {
    builder().build().unwrap()
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Message {
    text: String,
    number: u32,
}

fn message() -> Message {
    Message { text: "a message".to_owned(), number: 7 }
}

fn is_timeout(error: &reqwest::Error) -> bool {
    error.is_timeout()
}

#[test]
fn an_answer_has_a_status_headers_a_version_and_a_body() {
    within_a_minute(|_| {
        let answer = client().get(url("/text?a=1")).send().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.version(), Version::HTTP_11);
        assert_eq!(answer.url().as_str(), url("/text?a=1"));
        assert_eq!(answer.remote_addr(), Some(server::address()));
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(answer.content_length(), Some(5));
        assert_eq!(answer.text().unwrap(), "hello");
    });
}

#[test]
fn a_body_is_text_of_any_charset_bytes_or_json() {
    within_a_minute(|_| {
        let client = client();
        assert_eq!(client.get(url("/latin")).send().unwrap().text().unwrap(), "caf\u{e9}");
        let answer = client.get(url("/bytes")).send().unwrap();
        assert_eq!(answer.text_with_charset("iso-8859-1").unwrap(), "caf\u{e9}");
        assert_eq!(&client.get(url("/bytes")).send().unwrap().bytes().unwrap()[..], b"caf\xe9");
        let read: Message = client.get(url("/json")).send().unwrap().json().unwrap();
        assert_eq!(read, message());
        let error = client.get(url("/text")).send().unwrap().json::<Message>().unwrap_err();
        assert!(error.is_decode(), "{error:?}");
    });
}

#[test]
fn each_method_is_sent_as_it_is_named() {
    within_a_minute(|_| {
        let client = client();
        let url = url("/method");
        let sent = [
            client.get(&url).send(),
            client.post(&url).send(),
            client.put(&url).send(),
            client.patch(&url).send(),
            client.delete(&url).send(),
            client.request(http::Method::OPTIONS, &url).send(),
        ];
        let named = sent.map(|answer| answer.unwrap().text().unwrap());
        assert_eq!(named, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
        let head = client.head(&url).send().unwrap();
        assert_eq!((head.status(), head.text().unwrap()), (StatusCode::OK, String::new()));
        assert_eq!(get(url).map(|answer| answer.status()).unwrap(), StatusCode::OK);
    });
}

#[test]
fn a_body_is_sent_as_text_bytes_form_or_json() {
    within_a_minute(|_| {
        let client = client();
        let echoed = |answer: Response| {
            let kind = answer.headers().get("x-kind").map(|kind| kind.to_str().unwrap().to_owned());
            (kind.unwrap_or_default(), answer.text().unwrap())
        };
        let post = || client.post(url("/echo"));
        let text = post().body("text").send().unwrap();
        assert_eq!(text.headers()["x-length"], "4");
        assert_eq!(echoed(text), (String::new(), "text".to_owned()));
        assert_eq!(echoed(post().body(b"abc".to_vec()).send().unwrap()).1, "abc");
        let form = [("a", "1"), ("b", "x y")];
        let form = echoed(post().form(&form).send().unwrap());
        assert_eq!(form, ("application/x-www-form-urlencoded".into(), "a=1&b=x+y".into()));
        let json = echoed(post().json(&message()).send().unwrap());
        assert_eq!(json, ("application/json".into(), serde_json::to_string(&message()).unwrap()));
        // A content type of one's own stays.
        let json = post().header(CONTENT_TYPE, "application/vnd.api+json").json(&message());
        assert_eq!(echoed(json.send().unwrap()).0, "application/vnd.api+json");
    });
}

#[test]
fn parts_of_a_form_are_sent_with_their_names_and_files() {
    within_a_minute(|_| {
        let file = Part::stream(reader(Cursor::new(b"of a file".to_vec()))).file_name("a.txt");
        let form = Form::new().text("text", "short").part("file", file);
        let answer = client().post(url("/parts")).multipart(form).send().unwrap();
        let parts: BTreeMap<String, String> = answer.json().unwrap();
        let expected = [("text".into(), "short".into()), ("file a.txt".into(), "of a file".into())];
        assert_eq!(parts, BTreeMap::from(expected));
    });
}

#[test]
fn queries_credentials_and_versions_are_sent() {
    within_a_minute(|_| {
        let client = client();
        let seen = |request: smartasync_facade_http::RequestBuilder| -> BTreeMap<String, String> {
            request.send().unwrap().json().unwrap()
        };
        let get = || client.get(url("/seen?first=0"));
        let query = seen(get().query(&[("a", "1"), ("b", "x y")]));
        assert_eq!(query["query"], "first=0&a=1&b=x+y");
        let basic = seen(get().basic_auth("Aladdin", Some("open sesame")));
        assert_eq!(basic[AUTHORIZATION.as_str()], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(seen(get().bearer_auth("token"))[AUTHORIZATION.as_str()], "Bearer token");
        assert_eq!(seen(get().version(Version::HTTP_10))["version"], "HTTP/1.0");
    });
}

#[test]
fn headers_of_the_client_are_defaults() {
    within_a_minute(|_| {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/plain"))]);
        let client = builder().default_headers(headers).user_agent("test/1").build().unwrap();
        let seen = |request: smartasync_facade_http::RequestBuilder| -> BTreeMap<String, String> {
            request.send().unwrap().json().unwrap()
        };
        let defaults = seen(client.get(url("/seen")));
        assert_eq!(defaults[ACCEPT.as_str()], "text/plain");
        assert_eq!(defaults[USER_AGENT.as_str()], "test/1");
        let replaced = seen(client.get(url("/seen")).header(ACCEPT, "text/html"));
        assert_eq!(replaced[ACCEPT.as_str()], "text/html");
        let appended = client.get(url("/seen")).header("x-a", "1").header("x-a", "2");
        assert_eq!(seen(appended)["x-a"], "1, 2");
        let more = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("other"))]);
        assert_eq!(seen(client.get(url("/seen")).headers(more))[USER_AGENT.as_str()], "other");
    });
}

#[test]
fn a_wrong_request_is_an_error_where_it_is_sent() {
    within_a_minute(|_| {
        let client = client();
        assert!(client.get("no url").send().unwrap_err().is_builder());
        assert!(
            client.get(url("/text")).header("not a name", "a").build().unwrap_err().is_builder()
        );
        let request = client.post(url("/echo")).body("built").build().unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(client.execute(request).unwrap().text().unwrap(), "built");
    });
}

#[test]
fn a_request_can_be_cloned_unless_its_body_is_read() {
    within_a_minute(|_| {
        let client = client();
        let request = client.post(url("/echo")).body("again");
        let clone = request.try_clone().unwrap();
        assert_eq!(request.send().unwrap().text().unwrap(), "again");
        assert_eq!(clone.send().unwrap().text().unwrap(), "again");
        let streamed = client.post(url("/echo")).body(reader(Cursor::new("once")));
        assert!(streamed.try_clone().is_none());
    });
}

#[test]
fn a_status_can_be_made_an_error() {
    within_a_minute(|_| {
        let client = client();
        for status in [404_u16, 503] {
            let answer = client.get(url(&format!("/status/{status}"))).send().unwrap();
            assert_eq!(answer.status(), status);
            let error = answer.error_for_status_ref().unwrap_err();
            assert_eq!(error.status().unwrap(), status);
            assert!(answer.error_for_status().unwrap_err().is_status());
        }
        let answer = client.get(url("/text")).send().unwrap();
        assert_eq!(answer.error_for_status_ref().unwrap().status(), StatusCode::OK);
        assert_eq!(answer.error_for_status().unwrap().text().unwrap(), "hello");
    });
}

#[test]
fn redirects_are_followed_within_limits() {
    within_a_minute(|_| {
        let answer = client().get(url("/redirect/3")).send().unwrap();
        assert_eq!(answer.url().path(), "/text");
        let none = builder().redirect(Policy::none()).build().unwrap();
        let answer = none.get(url("/redirect/3")).send().unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        let few = builder().redirect(Policy::limited(2)).build().unwrap();
        assert!(few.get(url("/redirect/3")).send().unwrap_err().is_redirect());
    });
}

#[test]
fn a_body_is_read_and_copied_piece_by_piece() {
    within_a_minute(|_| {
        let client = client();
        let mut answer = client.get(url("/pieces")).send().unwrap();
        let mut first = [0; 3];
        answer.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"pie");
        let mut rest = Vec::new();
        assert_eq!(answer.copy_to(&mut rest).unwrap(), 25);
        assert_eq!(rest, b"ce 0piece 1piece 2piece 3");
        let mut text = String::new();
        client.get(url("/pieces")).send().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "piece 0piece 1piece 2piece 3");
    });
}

#[test]
fn a_body_that_is_read_is_sent_while_it_is_read() {
    /// Gives its pieces one by one, and says when it is read.
    struct Slow(u8);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Ok(0);
            }
            thread::sleep(Duration::from_millis(2));
            self.0 -= 1;
            buffer[0] = b'a' + self.0;
            Ok(1)
        }
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the reader is broken"))
        }
    }

    within_a_minute(|_| {
        let client = client();
        let answer = client.post(url("/echo")).body(reader(Slow(20))).send().unwrap();
        assert!(!answer.headers().contains_key("x-length"), "its length is not known before");
        assert_eq!(answer.text().unwrap(), "tsrqponmlkjihgfedcba");
        let big = vec![7; 3 << 20];
        let answer = client.post(url("/length")).body(reader(Cursor::new(big))).send().unwrap();
        assert_eq!(answer.text().unwrap(), (3 << 20).to_string());
        let error = client.post(url("/echo")).body(reader(Broken)).send().unwrap_err();
        let mut cause = error.source();
        while let Some(next) = cause.and_then(std::error::Error::source) {
            cause = Some(next);
        }
        assert!(cause.unwrap().to_string().contains("the reader is broken"), "{error:?}");
    });
}

#[test]
fn a_request_its_headers_and_its_body_have_a_time_limit() {
    within_a_minute(|stage| {
        let short = Duration::from_millis(200);
        let client = builder().timeout(short).build().unwrap();
        stage.at("the headers");
        assert!(is_timeout(&client.get(url("/late")).send().unwrap_err()));
        stage.at("the body");
        let answer = client.get(url("/late_body")).send().unwrap();
        assert!(is_timeout(&answer.text().unwrap_err()));
        stage.at("the body that is read");
        let mut answer = client.get(url("/late_body")).send().unwrap();
        let error = answer.copy_to(&mut io::sink()).unwrap_err();
        assert!(is_timeout(error.get_ref().unwrap().downcast_ref().unwrap()), "{error:?}");
        stage.at("a limit of the request");
        let request = self::client().get(url("/late")).timeout(short);
        assert!(is_timeout(&request.send().unwrap_err()));
        stage.at("a limit between two reads");
        let client = builder().read_timeout(short).build().unwrap();
        assert!(is_timeout(&client.get(url("/late")).send().unwrap_err()));
        stage.at("a longer limit of the request");
        let client = builder().timeout(Duration::from_millis(1)).build().unwrap();
        let request = client.get(url("/text")).timeout(Duration::from_secs(30));
        assert_eq!(request.send().unwrap().text().unwrap(), "hello");
    });
}

#[test]
fn without_a_limit_there_is_one_of_thirty_seconds() {
    within_a_minute(|_| {
        let begin = Instant::now();
        assert!(is_timeout(&client().get(url("/never")).send().unwrap_err()));
        let took = begin.elapsed();
        assert!((Duration::from_secs(29)..Duration::from_secs(50)).contains(&took), "{took:?}");
    });
}

#[test]
fn a_server_that_is_not_there_is_an_error_of_the_connection() {
    within_a_minute(|_| {
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = client().get(format!("http://{unused}/")).send().unwrap_err();
        assert!(error.is_connect() && !error.is_timeout(), "{error:?}");
    });
}

#[test]
fn a_host_can_be_resolved_by_the_client() {
    within_a_minute(|_| {
        let client = builder().resolve("somewhere.test", server::address()).build().unwrap();
        let url = format!("http://somewhere.test:{}/text", server::address().port());
        assert_eq!(client.get(url).send().unwrap().text().unwrap(), "hello");
    });
}

#[test]
fn async_code_is_refused_and_told_what_to_do() {
    within_a_minute(|_| {
        let client = client();
        for runtime in [current_thread(), multi_thread()] {
            let answer = client.get(url("/text")).send().unwrap();
            let refused = runtime.block_on(async {
                let request = client.get(url("/text"));
                let sent = catch_unwind(AssertUnwindSafe(|| request.send().map(drop)));
                let read = catch_unwind(AssertUnwindSafe(|| answer.text().map(drop)));
                [sent, read].map(|refused| refused.unwrap_err())
            });
            for message in refused {
                let message = message.downcast_ref::<String>().unwrap();
                assert!(message.contains("use `.await`"), "{message}");
            }
        }
    });
}

#[test]
fn clients_and_answers_are_dropped_anywhere() {
    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            let client = client();
            let mut answer = client.get(url("/pieces")).send().unwrap();
            answer.read_exact(&mut [0]).unwrap();
            runtime.block_on(async move {
                drop(answer);
                drop(client);
            });
        }
    });
}

#[test]
fn a_spawn_blocking_thread_is_a_thread_like_any_other() {
    within_a_minute(|_| {
        let client = client();
        let call = move || client.get(url("/text")).send().unwrap().text().unwrap();
        for runtime in [current_thread(), multi_thread()] {
            let job = runtime.spawn_blocking(call.clone());
            assert_eq!(runtime.block_on(job).unwrap(), "hello");
        }
    });
}

#[test]
fn eight_threads_share_a_client() {
    within_a_minute(|_| {
        let client = client();
        let threads = (0..8).map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                for number in 0..50 {
                    let body = format!("{thread} {number}");
                    let answer = client.post(url("/echo")).body(body.clone()).send().unwrap();
                    assert_eq!(answer.text().unwrap(), body);
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_paused_clock_in_the_neighbourhood_changes_nothing() {
    within_a_minute(|_| {
        let client = client();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let paused = builder.enable_all().start_paused(true).build().unwrap();
        paused.block_on(async {
            let client = client.clone();
            let called = thread::spawn(move || client.get(url("/text")).send().unwrap().text());
            tokio::time::sleep(Duration::from_secs(100)).await;
            assert_eq!(called.join().unwrap().unwrap(), "hello");
        });
    });
}

//! Queries a second and CPU time a query, beside the `postgres` crate, in turns.
//!
//! Run with `cargo bench -p smartasync-facade-postgres`.

#[path = "../tests/server/mod.rs"]
mod server;
#[path = "../../workers.rs"]
mod workers;

fn main() {
    workers::compare("postgres", 16_000, || {
        let params = server::params();
        let ours = || {
            let client = server::connect();
            let query = client.prepare("SELECT $1::INT + 1").unwrap();
            move || assert_eq!(client.query_one(&query, &[&1]).unwrap().get::<_, i32>(0), 2)
        };
        let theirs = move || {
            let mut client = postgres::Client::connect(&params, postgres::NoTls).unwrap();
            let query = client.prepare("SELECT $1::INT + 1").unwrap();
            move || assert_eq!(client.query_one(&query, &[&1]).unwrap().get::<_, i32>(0), 2)
        };
        (ours, theirs, ())
    });
}

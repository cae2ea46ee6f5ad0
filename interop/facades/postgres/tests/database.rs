//! What the tests of a blocking PostgreSQL client check, against a real server: queries, transactions, copies,
//! notifications, cancelling, and a server that goes away.

#[path = "../../../../tests/support/mod.rs"]
mod support;

mod server;

use std::io::{BufRead, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use smartasync_facade_postgres::error::SqlState;
use smartasync_facade_postgres::types::Type;
use smartasync_facade_postgres::{
    Client, Config, IsolationLevel, NoTls, Row, SimpleQueryMessage, Statement, Transaction,
};

use server::{connect, params};
use support::{current_thread, multi_thread, within_a_minute};

/// Makes a temporary table of names, which the connection takes along.
fn with_names() -> Client {
    let client = connect();
    client
        .batch_execute("CREATE TEMPORARY TABLE names (id SERIAL PRIMARY KEY, name TEXT)")
        .unwrap();
    client
}

fn names(client: &mut Client) -> Vec<String> {
    let rows = client.query("SELECT name FROM names ORDER BY id", &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn add(transaction: &mut Transaction<'_>, name: &str) {
    let added = transaction.execute("INSERT INTO names (name) VALUES ($1)", &[&name]).unwrap();
    assert_eq!(added, 1);
}

#[test]
fn a_statement_is_prepared_and_knows_its_types() {
    within_a_minute(|_| {
        let client = connect();
        let statement: Statement = client.prepare("SELECT 1::INT, 'a'::TEXT WHERE $1").unwrap();
        assert_eq!(statement.params(), [Type::BOOL]);
        assert_eq!(statement.columns()[1].type_(), &Type::TEXT);
        assert_eq!(client.query(&statement, &[&true]).unwrap().len(), 1);
        assert!(client.query(&statement, &[&false]).unwrap().is_empty());
        let typed = client.prepare_typed("SELECT $1", &[Type::INT8]).unwrap();
        assert_eq!(client.query_one(&typed, &[&7_i64]).unwrap().get::<_, i64>(0), 7);
    });
}

#[test]
fn a_query_returns_rows_one_row_or_perhaps_one() {
    within_a_minute(|_| {
        let client = connect();
        let rows = client.query("SELECT * FROM generate_series(1, $1)", &[&3]).unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, i32>(0)).sum::<i32>(), 6);
        assert_eq!(client.query_one("SELECT $1::TEXT", &[&"a"]).unwrap().get::<_, &str>(0), "a");
        assert!(client.query_one("SELECT 1 WHERE false", &[]).is_err());
        assert!(client.query_opt("SELECT 1 WHERE false", &[]).unwrap().is_none());
        assert!(client.query_opt("SELECT 1", &[]).unwrap().is_some());
        let typed = [(&7_i32 as _, Type::INT4)];
        assert_eq!(client.query_typed("SELECT $1", &typed).unwrap()[0].get::<_, i32>(0), 7);
        assert_eq!(client.query_scalar::<i32, _>("SELECT 7", &[]).unwrap(), [7]);
    });
}

#[test]
fn rows_are_an_iterator_that_can_be_left() {
    within_a_minute(|_| {
        let client = connect();
        let all = "SELECT * FROM generate_series(1, 100000)";
        let rows = client.query_raw(all, None::<i32>).unwrap();
        let sum: i64 = rows.map(|row| i64::from(row.unwrap().get::<_, i32>(0))).sum();
        assert_eq!(sum, 5_000_050_000);
        let mut left = client.query_raw(all, None::<i32>).unwrap();
        assert!(left.next().unwrap().is_ok());
        drop(left);
        let fails = "SELECT 10 / (5 - n) FROM generate_series(1, 10) n";
        let rows: Result<Vec<Row>, _> = client.query_raw(fails, None::<i32>).unwrap().collect();
        assert_eq!(rows.unwrap_err().code(), Some(&SqlState::DIVISION_BY_ZERO));
        assert_eq!(client.query_one("SELECT 1", &[]).unwrap().get::<_, i32>(0), 1);
    });
}

#[test]
fn simple_queries_and_batches_have_several_statements() {
    within_a_minute(|_| {
        let client = connect();
        client
            .batch_execute("CREATE TEMPORARY TABLE t (n INT); INSERT INTO t VALUES (1), (2)")
            .unwrap();
        let answers = client.simple_query("SELECT n FROM t ORDER BY n; DELETE FROM t").unwrap();
        let rows: Vec<_> = answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        assert_eq!(rows, ["1", "2"]);
        let counts: Vec<_> = answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::CommandComplete(count) => Some(*count),
                _ => None,
            })
            .collect();
        assert_eq!(counts, [2, 2]);
        assert_eq!(client.execute("DELETE FROM t", &[]).unwrap(), 0);
    });
}

#[test]
fn an_error_has_its_code_and_the_connection_goes_on() {
    within_a_minute(|_| {
        let client = connect();
        let error = client.query("SELECT * FROM no_such_table", &[]).unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
        client.check_connection().unwrap();
        let wrong = Client::connect("host=127.0.0.1 port=1 user=postgres", NoTls).unwrap_err();
        assert!(wrong.code().is_none(), "{wrong}");
        assert!(Client::connect("not parameters", NoTls).is_err());
    });
}

#[test]
fn a_configuration_is_parsed_built_and_read() {
    within_a_minute(|_| {
        let mut config: Config = params().parse().unwrap();
        config.application_name("a test").connect_timeout(Duration::from_secs(9));
        assert_eq!(config.get_application_name(), Some("a test"));
        assert_eq!(config.get_user(), Some("postgres"));
        let client = config.connect(NoTls).unwrap();
        let name = client.query_one("SHOW application_name", &[]).unwrap();
        assert_eq!(name.get::<_, &str>(0), "a test");
    });
}

#[test]
fn a_transaction_is_committed_rolled_back_or_dropped() {
    within_a_minute(|_| {
        let mut client = with_names();
        let mut transaction = client.transaction().unwrap();
        add(&mut transaction, "committed");
        transaction.commit().unwrap();
        let mut transaction = client.transaction().unwrap();
        add(&mut transaction, "rolled back");
        transaction.rollback().unwrap();
        let mut transaction = client.transaction().unwrap();
        add(&mut transaction, "dropped");
        drop(transaction);
        assert_eq!(names(&mut client), ["committed"]);
        // A panic drops it too.
        let panics = AssertUnwindSafe(|| {
            let mut transaction = client.transaction().unwrap();
            add(&mut transaction, "a panic");
            std::panic::panic_any("a panic that the test wants");
        });
        catch_unwind(panics).unwrap_err();
        assert_eq!(names(&mut client), ["committed"]);
    });
}

#[test]
fn a_dropped_transaction_is_rolled_back_without_a_further_call() {
    within_a_minute(|_| {
        let (mut client, other) = (connect(), connect());
        client.batch_execute("DROP TABLE IF EXISTS locked; CREATE TABLE locked (n INT)").unwrap();
        let transaction = client.transaction().unwrap();
        transaction.batch_execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE").unwrap();
        drop(transaction);
        // It would wait for the lock for as long as the transaction lasts.
        other.batch_execute("SET lock_timeout = '30s'").unwrap();
        other.batch_execute("DROP TABLE locked").unwrap();
    });
}

#[test]
fn transactions_nest_and_have_names() {
    within_a_minute(|_| {
        let mut client = with_names();
        let mut outer = client.transaction().unwrap();
        add(&mut outer, "outer");
        let mut inner = outer.transaction().unwrap();
        add(&mut inner, "inner, dropped");
        drop(inner);
        let mut named = outer.savepoint("named").unwrap();
        add(&mut named, "named");
        let mut innermost = named.savepoint("innermost").unwrap();
        add(&mut innermost, "innermost, rolled back");
        innermost.rollback().unwrap();
        named.commit().unwrap();
        outer.commit().unwrap();
        assert_eq!(names(&mut client), ["outer", "named"]);
    });
}

#[test]
fn a_transaction_is_built_with_options() {
    within_a_minute(|_| {
        let mut client = connect();
        let builder = client.build_transaction().isolation_level(IsolationLevel::Serializable);
        let transaction = builder.read_only(true).deferrable(true).start().unwrap();
        let level = transaction.query_one("SHOW transaction_isolation", &[]).unwrap();
        assert_eq!(level.get::<_, &str>(0), "serializable");
        let error = transaction.batch_execute("CREATE TABLE t (n INT)").unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    });
}

#[test]
fn a_portal_gives_rows_in_parts() {
    within_a_minute(|_| {
        let mut client = connect();
        let transaction = client.transaction().unwrap();
        let portal = transaction.bind("SELECT * FROM generate_series(1, 5)", &[]).unwrap();
        let sizes = [2, 2, 2, 2].map(|rows| transaction.query_portal(&portal, rows).unwrap().len());
        assert_eq!(sizes, [2, 2, 1, 0]);
        let portal = transaction.bind("SELECT * FROM generate_series(1, 5)", &[]).unwrap();
        assert_eq!(transaction.query_portal_raw(&portal, 3).unwrap().count(), 3);
    });
}

#[test]
fn data_is_copied_in_and_undone_when_it_is_not_finished() {
    within_a_minute(|_| {
        let mut client = with_names();
        let mut copy = client.copy_in("COPY names (name) FROM STDIN").unwrap();
        for number in 0..10_000 {
            writeln!(copy, "name {number}").unwrap();
        }
        assert_eq!(copy.finish().unwrap(), 10_000);
        assert_eq!(names(&mut client)[9_999], "name 9999");
        let mut copy = client.copy_in("COPY names (name) FROM STDIN").unwrap();
        copy.write_all(b"not finished\n").unwrap();
        copy.flush().unwrap();
        drop(copy);
        assert_eq!(names(&mut client).len(), 10_000);
    });
}

#[test]
fn rows_are_copied_in_as_values() {
    within_a_minute(|_| {
        let mut client = with_names();
        let query = "COPY names (id, name) FROM STDIN BINARY";
        let mut copy = client.binary_copy_in(query, &[Type::INT4, Type::TEXT]).unwrap();
        copy.write(&[&7, &"a"]).unwrap();
        copy.write(&[&8, &None::<&str>]).unwrap();
        assert_eq!(copy.finish().unwrap(), 2);
        let rows = client.query("SELECT id FROM names WHERE name IS NULL", &[]).unwrap();
        assert_eq!(rows[0].get::<_, i32>(0), 8);
    });
}

#[test]
fn data_is_copied_out_by_lines() {
    within_a_minute(|_| {
        let mut client = connect();
        let query = "COPY (SELECT generate_series(1, 50000)) TO STDOUT";
        let numbers = client.copy_out(query).unwrap().lines();
        let sum: u64 = numbers.map(|line| line.unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(sum, 1_250_025_000);
        let mut text = String::new();
        client
            .copy_out("COPY (SELECT 'a', 'b') TO STDOUT")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "a\tb\n");
        let mut left = client.copy_out(query).unwrap();
        left.read_exact(&mut [0; 4]).unwrap();
        drop(left);
        client.check_connection().unwrap();
    });
}

#[test]
fn a_query_is_cancelled_from_another_thread() {
    within_a_minute(|_| {
        let client = connect();
        let token = client.cancel_token();
        let canceller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            token.clone().cancel_query(NoTls).unwrap();
        });
        let error = client.batch_execute("SELECT pg_sleep(50)").unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
        canceller.join().unwrap();
        client.check_connection().unwrap();
    });
}

#[test]
fn notifications_that_have_come_are_taken() {
    within_a_minute(|_| {
        let mut client = connect();
        let channel = "LISTEN pending; NOTIFY pending, 'one'; NOTIFY pending, 'two'";
        client.batch_execute(channel).unwrap();
        let mut notifications = client.notifications();
        let texts: Vec<_> = notifications.pending().unwrap().collect();
        let texts: Vec<_> = texts.iter().map(|notification| notification.payload()).collect();
        assert_eq!(texts, ["one", "two"]);
        assert!(notifications.is_empty());
        assert_eq!(notifications.pending().unwrap().count(), 0);
    });
}

#[test]
fn notifications_are_waited_for() {
    within_a_minute(|_| {
        let mut client = connect();
        client.batch_execute("LISTEN waited").unwrap();
        let notifier = thread::spawn(|| {
            let other = connect();
            for number in 0..3 {
                thread::sleep(Duration::from_millis(50));
                other.batch_execute(&format!("NOTIFY waited, '{number}'")).unwrap();
            }
        });
        let texts: Vec<_> = {
            let mut notifications = client.notifications();
            notifications.blocking_iter().take(3).map(|it| it.payload().to_owned()).collect()
        };
        assert_eq!(texts, ["0", "1", "2"]);
        notifier.join().unwrap();
    });
}

#[test]
fn notifications_are_waited_for_no_longer_than_a_limit() {
    within_a_minute(|_| {
        let mut client = connect();
        client.batch_execute("LISTEN limited; NOTIFY limited, 'one'").unwrap();
        let mut notifications = client.notifications();
        let mut iter = notifications.timeout_iter(Duration::from_millis(100));
        assert_eq!(iter.next().unwrap().payload(), "one");
        assert!(iter.next().is_none());
        // It goes on after a timeout.
        let other = connect();
        other.batch_execute("NOTIFY limited, 'two'").unwrap();
        assert!(iter.any(|notification| notification.payload() == "two"));
    });
}

#[test]
fn notices_are_told() {
    within_a_minute(|_| {
        let (sender, notices) = channel();
        let config: Config = params().parse().unwrap();
        let tell = move |notice: smartasync_facade_postgres::error::DbError| {
            sender.send(notice.message().to_owned()).unwrap();
        };
        let client = config.connect_with_notices(NoTls, tell).unwrap();
        client.batch_execute("DO $$ BEGIN RAISE NOTICE 'a notice'; END $$").unwrap();
        assert_eq!(notices.recv().unwrap(), "a notice");
    });
}

#[test]
fn a_client_is_closed_by_itself_or_by_the_server() {
    within_a_minute(|_| {
        connect().close().unwrap();
        let (mut client, other) = (connect(), connect());
        client.is_valid(Duration::from_secs(30)).unwrap();
        assert!(!client.is_closed());
        let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        let ended = other.query_one("SELECT pg_terminate_backend($1)", &[&pid]).unwrap();
        assert!(ended.get::<_, bool>(0));
        client.check_connection().unwrap_err();
        // The connection is a task beside the client, which may have passed on the error and not have ended yet.
        while !client.is_closed() {
            thread::yield_now();
        }
        assert!(client.close().is_err());
    });
}

#[test]
fn a_query_that_takes_too_long_is_no_answer_to_a_check() {
    within_a_minute(|_| {
        let mut client = connect();
        let token = client.cancel_token();
        let slow = client.as_ref().batch_execute("SELECT pg_sleep(50)");
        // Sent, and not waited for.
        assert!(smartasync::Wait::wait_timeout(slow, Duration::from_millis(100)).is_err());
        assert!(client.is_valid(Duration::from_millis(200)).is_err());
        token.cancel_query(NoTls).unwrap();
        client.is_valid(Duration::from_secs(30)).unwrap();
    });
}

#[test]
fn clients_go_to_other_threads() {
    fn is_send<T: Send>() {}
    is_send::<Client>();
    is_send::<Statement>();
    is_send::<Transaction<'_>>();
    within_a_minute(|_| {
        let mut client = with_names();
        let mut transaction = client.transaction().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| add(&mut transaction, "elsewhere"));
        });
        transaction.commit().unwrap();
        let names = thread::spawn(move || names(&mut client)).join().unwrap();
        assert_eq!(names, ["elsewhere"]);
        let client = connect();
        for runtime in [current_thread(), multi_thread()] {
            let query = || client.query_one("SELECT 7", &[]).unwrap().get::<_, i32>(0);
            let refused = runtime.block_on(async { catch_unwind(AssertUnwindSafe(query)) });
            assert!(refused.unwrap_err().downcast_ref::<String>().unwrap().contains("`.await`"));
        }
        let answer = thread::scope(|scope| {
            let query = || client.query_one("SELECT 7", &[]).unwrap().get::<_, i32>(0);
            scope.spawn(query).join().unwrap()
        });
        assert_eq!(answer, 7);
    });
}

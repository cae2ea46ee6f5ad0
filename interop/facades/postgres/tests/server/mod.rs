//! A PostgreSQL server for the tests, with its data in a folder of its own. It ends with the process.

use std::env;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smartasync_facade_postgres::{Client, NoTls};

struct Server {
    port: u16,
}

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// The processes that end with this one.
static STARTED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// How to connect to the server.
pub(crate) fn params() -> String {
    format!("host=127.0.0.1 port={} user=postgres dbname=postgres", SERVER.port)
}

pub(crate) fn connect() -> Client {
    Client::connect(&params(), NoTls).unwrap()
}

impl Server {
    fn start() -> Server {
        let data = env::temp_dir().join(format!("smartasync-postgres-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&data));
        }
        let mut initdb = unprivileged(&program("initdb"));
        run(initdb.args(["--auth=trust", "--no-sync", "--username=postgres", "-D"]).arg(&data));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // It stops when its standard input is closed, which happens also when this process is killed.
        let mut postgres = Command::new("sh");
        postgres
            .args([
                "-c",
                "\"$@\" & cat; kill -INT $(head -n 1 \"$DATA/postmaster.pid\"); wait; rm -rf \"$DATA\"",
                "sh",
            ])
            .args(words(&unprivileged(&program("postgres"))))
            .args(["-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-p", &port.to_string(), "-D"])
            .arg(&data)
            .env("DATA", &data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        STARTED.lock().unwrap().push(postgres.spawn().unwrap());
        let server = Server { port };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let params = format!("host=127.0.0.1 port={} user=postgres", self.port);
        let begin = Instant::now();
        while let Err(error) = Client::connect(&params, NoTls) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{error}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn words(command: &Command) -> Vec<std::ffi::OsString> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(ToOwned::to_owned).collect()
}

fn run(command: &mut Command) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
}

/// Debian keeps the programs of the server out of the path.
fn program(name: &str) -> PathBuf {
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&paths).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let mut programs = folders.into_iter().map(|folder| folder.join(name));
    programs.find(|program| program.exists()).expect("PostgreSQL is installed")
}

//! Servers on loopback, which can be killed and started again. Their data is in a folder of its own, and both end with
//! the process.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// A server of PostgreSQL.
#[derive(Debug)]
pub struct Postgres(Server);

/// A server of Redis.
#[derive(Debug)]
pub struct Redis(Server);

#[derive(Debug)]
struct Server {
    port: u16,
    data: PathBuf,
    command: Vec<OsString>,
    process: Mutex<Option<Child>>,
}

impl Postgres {
    /// Makes a database and starts its server.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start() -> Postgres {
        let (port, data) = (free_port(), folder("postgres"));
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&data));
        }
        let mut initdb = unprivileged(&program("initdb"));
        run(initdb.args(["--auth=trust", "--no-sync", "--username=postgres", "-D"]).arg(&data));
        let mut command = unprivileged(&program("postgres"));
        command
            .args(["-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "max_connections=200"])
            .args(["-p", &port.to_string(), "-D"])
            .arg(&data);
        let server = Postgres(Server::of(port, data, &command));
        server.start_again();
        server
    }

    /// Returns the address for sqlx and tokio-postgres.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.0.port)
    }

    /// Kills the server and waits for its end. Its connections break.
    ///
    /// # Panics
    ///
    /// When the server is not running.
    pub fn kill(&self) {
        // The first line is the process id. The other processes of the server end with it.
        let file = fs::read_to_string(self.0.data.join("postmaster.pid")).unwrap();
        self.0.kill("-QUIT", file.lines().next().unwrap());
    }

    /// Starts the server again after it was killed.
    ///
    /// # Panics
    ///
    /// When it does not start within a minute.
    pub fn start_again(&self) {
        self.0.spawn();
        let is_ready = || {
            let status = Command::new(program("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.0.port.to_string()])
                .status();
            status.unwrap().success()
        };
        wait_until("PostgreSQL", is_ready);
    }
}

impl Redis {
    /// Starts a server without data.
    ///
    /// # Panics
    ///
    /// When Redis is not installed or does not start.
    #[must_use]
    pub fn start() -> Redis {
        let (port, data) = (free_port(), folder("redis"));
        let mut command = Command::new(program("redis-server"));
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--port", &port.to_string(), "--dir"])
            .arg(&data);
        let server = Redis(Server::of(port, data, &command));
        server.start_again();
        server
    }

    /// Returns the address for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.0.port)
    }

    /// Kills the server and waits for its end. Its data is lost.
    ///
    /// # Panics
    ///
    /// When the server is not running.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.0.data.join("pid")).unwrap();
        self.0.kill("-KILL", pid.trim());
    }

    /// Starts the server again after it was killed.
    ///
    /// # Panics
    ///
    /// When it does not start within a minute.
    pub fn start_again(&self) {
        self.0.spawn();
        wait_until("Redis", || TcpStream::connect(("127.0.0.1", self.0.port)).is_ok());
    }
}

impl Server {
    fn of(port: u16, data: PathBuf, command: &Command) -> Server {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let command = words.map(ToOwned::to_owned).collect();
        Server { port, data, command, process: Mutex::new(None) }
    }

    fn spawn(&self) {
        // The shell's standard input is closed when the server was killed, and when this process ends: then the server
        // ends too.
        let script = "\"$@\" & echo $! > \"$DATA/pid\"; cat; \
            if [ -e \"$DATA/killed\" ]; then wait; else kill $!; wait; rm -rf \"$DATA\"; fi";
        let process = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(&self.command)
            .env("DATA", &self.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        *self.process.lock().unwrap() = Some(process.unwrap());
    }

    fn kill(&self, signal: &str, pid: &str) {
        let mut process = self.process.lock().unwrap().take().expect("the server is running");
        fs::write(self.data.join("killed"), "").unwrap();
        run(Command::new("kill").args([signal, pid]));
        // It closes the standard input of the shell, which then waits for the server.
        process.wait().unwrap();
        fs::remove_file(self.data.join("killed")).unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes a folder for the data of a server.
fn folder(name: &str) -> PathBuf {
    let folder = env::var_os("SMARTASYNC_DATA").map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("smartasync-{name}-{}-{}", std::process::id(), free_port()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn wait_until(name: &str, mut is_ready: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_ready() {
        assert!(begin.elapsed() < LIMIT, "{name} has not started within {LIMIT:?}");
        thread::sleep(Duration::from_millis(5));
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

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Debian keeps the programs of PostgreSQL out of the path.
fn program(name: &str) -> PathBuf {
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&paths).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let mut programs = folders.into_iter().map(|folder| folder.join(name));
    programs.find(|program| program.exists()).unwrap_or_else(|| panic!("{name} is not installed"))
}

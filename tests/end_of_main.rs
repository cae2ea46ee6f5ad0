//! When the process ends, the files that calls were still writing are complete.
//!
//! Each program is a process of its own: this executable, called with the program's name. It has no test harness,
//! because the harness runs tests on threads other than the main one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::{Bridge, block_on, drain};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

/// Much longer than a program takes.
const LONG: Duration = Duration::from_secs(30);

const TEXT: &[u8] = &[b'x'; 100_000];

async fn write(path: PathBuf) {
    // As a careless program does it: `write_all` returns before the bytes are in the file, and nothing flushes
    // them.
    File::create(path).await.unwrap().write_all(TEXT).await.unwrap();
}

type Program = fn(&Path);

/// Programs that write one file.
const PROGRAMS: &[(&str, Program)] = &[
    ("return", |path| block_on(write(path.to_owned()))),
    ("exit", |path| {
        block_on(write(path.to_owned()));
        exit(0);
    }),
    ("on another thread", |path| {
        block_on(async {});
        thread::scope(|scope| {
            scope.spawn(|| block_on(write(path.to_owned())));
        });
    }),
    ("private", |path| {
        let bridge = Bridge::builder().build();
        bridge.block_on(write(path.to_owned()));
    }),
    ("drain", |path| {
        block_on(write(path.to_owned()));
        assert!(drain(LONG).is_complete());
    }),
    ("drain, task", |path| {
        let path = path.to_owned();
        block_on(async { drop(tokio::spawn(write_later(path))) });
        assert!(drain(LONG).is_complete());
    }),
    ("drain, on threads that live", |path| {
        let path = path.to_owned();
        let worker = thread::spawn(move || {
            block_on(write(path));
            thread::park();
        });
        while !worker.is_finished() && Bridge::per_thread().stats().calls_on_own_runtime == 0 {
            thread::yield_now();
        }
        assert!(drain(LONG).is_complete());
    }),
    #[cfg(feature = "rt-multi-thread")]
    ("drain, shared", |path| {
        Bridge::shared().block_on(write(path.to_owned()));
        assert!(drain(LONG).is_complete());
    }),
    ("drain, spawn", |path| {
        Bridge::per_thread().spawn(write_later(path.to_owned()));
        assert!(drain(LONG).is_complete());
    }),
    ("shutdown", |path| {
        let bridge = Bridge::builder().build();
        bridge.block_on(write(path.to_owned()));
        assert!(bridge.shutdown(LONG).is_complete());
    }),
    ("shutdown, on another thread", |path| {
        let bridge = Bridge::builder().build();
        thread::scope(|scope| {
            scope.spawn(|| bridge.block_on(write(path.to_owned())));
        });
        assert!(bridge.shutdown(LONG).is_complete());
    }),
    #[cfg(feature = "rt-multi-thread")]
    ("shutdown, shared threads", |path| {
        let bridge = Bridge::builder().shared_threads(2).build();
        bridge.block_on(write(path.to_owned()));
        assert!(bridge.shutdown(LONG).is_complete());
    }),
    ("shutdown, spawn", |path| {
        let bridge = Bridge::builder().build();
        bridge.spawn(write_later(path.to_owned()));
        assert!(bridge.shutdown(LONG).is_complete());
    }),
    ("shutdown, blocking job", |path| {
        let (bridge, path) = (Bridge::builder().build(), path.to_owned());
        bridge.block_on(async {
            tokio::task::spawn_blocking(move || {
                thread::sleep(Duration::from_millis(20));
                fs::write(path, TEXT).unwrap();
            });
        });
        assert!(bridge.shutdown(LONG).is_complete());
    }),
];

async fn write_later(path: PathBuf) {
    sleep(Duration::from_millis(20)).await;
    write(path).await;
}

/// Programs that leave something behind which does not end. They have to end all the same.
const STUCK: &[(&str, Program)] = &[
    ("a job without end", |_| {
        block_on(async { drop(tokio::task::spawn_blocking(thread::park)) });
    }),
    ("a job without end, drain", |_| {
        block_on(async { drop(tokio::task::spawn_blocking(thread::park)) });
        let drained = drain(Duration::from_millis(100));
        assert!(drained.calls_ended && drained.tasks_ended && !drained.blocking_jobs_ended);
    }),
    ("a task without end, drain", |_| {
        block_on(async { drop(tokio::spawn(std::future::pending::<()>())) });
        let drained = drain(Duration::from_millis(100));
        assert!(drained.calls_ended && !drained.tasks_ended && drained.blocking_jobs_ended);
    }),
    ("a call without end, drain", |_| {
        thread::spawn(|| block_on(std::future::pending::<()>()));
        while Bridge::per_thread().stats().calls_on_own_runtime == 0 {
            thread::yield_now();
        }
        let drained = drain(Duration::from_millis(100));
        assert!(!drained.calls_ended && drained.tasks_ended && drained.blocking_jobs_ended);
    }),
];

fn run(name: &str, path: &Path) {
    let mut program = Command::new(env::current_exe().unwrap());
    let mut child = program.args(["--program", name]).arg(path).spawn().unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONG {
            child.kill().unwrap();
            panic!("the program {name:?} hangs");
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "the program {name:?} ended with {status}");
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, flag, name, path] = &arguments[..]
        && flag == "--program"
    {
        let mut all = PROGRAMS.iter().chain(STUCK);
        let (_, program) = all.find(|(other, _)| other == name).expect("the program is known");
        return program(Path::new(path));
    }
    let runs = env::var("SMARTASYNC_END_RUNS").map_or(10, |runs| runs.parse().unwrap());
    let folder = env::temp_dir().join(format!("smartasync-end-of-main-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut has_failed = false;
    for (name, _) in PROGRAMS {
        let path = folder.join("file");
        let is_short = |_: &u32| {
            run(name, &path);
            fs::read(&path).unwrap() != TEXT
        };
        let short = (0..runs).filter(is_short).count();
        println!("{name}: {short} of {runs} files are short");
        has_failed |= short > 0;
    }
    for (name, _) in STUCK {
        let start = Instant::now();
        run(name, &folder);
        println!("{name}: ended after {:?}", start.elapsed());
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(!has_failed, "files are short");
}

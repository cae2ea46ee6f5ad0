//! Threads that do one thing again and again, in turns with others that do it in another way.

use std::env;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Processes for each number of threads.
const PROCESSES: usize = 9;

/// Turns in a process.
const ROUNDS: usize = 8;

/// Says which measurement a process makes: a name, and the number of threads.
const MEASUREMENT: &str = "SMARTASYNC_MEASUREMENT";

/// Prints how the throughput and the CPU time of one way compare with those of another, on one and on eight threads.
/// `make` returns what each thread does in the first way and in the second, and what both need until the end.
///
/// How much a process gets done depends on the processors that its threads happen to get, and may stay so until it ends:
/// so there are several processes, and `make` is called in these only.
pub(crate) fn compare<O, A, T, B, K>(name: &str, times: usize, make: impl FnOnce() -> (O, T, K))
where
    O: Fn() -> A + Clone + Send + 'static,
    T: Fn() -> B + Clone + Send + 'static,
    A: FnMut(),
    B: FnMut(),
{
    let is_test = env::args().any(|argument| argument == "--test");
    let (processes, rounds, times) = if is_test { (1, 1, 80) } else { (PROCESSES, ROUNDS, times) };
    let wanted = env::var(MEASUREMENT).ok();
    for threads in [1, 8] {
        let measurement = format!("{name}, threads: {threads}");
        match &wanted {
            None => print_ratios(&measurement, processes),
            Some(wanted) if *wanted == measurement => {
                let (ours, theirs, _kept) = make();
                let [throughput, cpu] = measure(threads, ours, theirs, rounds, times);
                return println!("{throughput} {cpu}");
            }
            Some(_) => {}
        }
    }
}

/// Prints the medians and the ranges of what the processes measure.
fn print_ratios(measurement: &str, processes: usize) {
    let [throughput, cpu] = transpose((0..processes).map(|_| run_process(measurement)));
    println!(
        "{measurement}, throughput {}, CPU time {} of theirs",
        summary(throughput),
        summary(cpu)
    );
}

fn run_process(measurement: &str) -> [f64; 2] {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(env::args_os().skip(1)).env(MEASUREMENT, measurement).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{measurement}: {}", output.status);
    let line = String::from_utf8(output.stdout).unwrap();
    let ratios: Vec<f64> = line.split_whitespace().map(|ratio| ratio.parse().unwrap()).collect();
    ratios.try_into().unwrap()
}

/// Returns the ratios of the throughput and of the CPU time: the medians over the rounds.
fn measure<A: FnMut(), B: FnMut()>(
    threads: usize,
    ours: impl Fn() -> A + Clone + Send + 'static,
    theirs: impl Fn() -> B + Clone + Send + 'static,
    rounds: usize,
    times: usize,
) -> [f64; 2] {
    let (ours, theirs) = (Workers::start(threads, ours), Workers::start(threads, theirs));
    let round = |_| {
        let [time, used] = ours.run(times);
        let [their_time, they_used] = theirs.run(times);
        [their_time / time, used / they_used]
    };
    transpose((0..rounds).map(round)).map(median)
}

/// Threads that work when they are told to. They live as long as those of a program do.
struct Workers {
    orders: Vec<Sender<usize>>,
    done: Receiver<()>,
}

impl Workers {
    /// Starts the threads. Each makes its own work.
    fn start<W: FnMut()>(threads: usize, make: impl Fn() -> W + Clone + Send + 'static) -> Workers {
        let (tell, done) = channel();
        let start = |_| {
            let (order, orders) = channel::<usize>();
            let (make, tell) = (make.clone(), tell.clone());
            thread::spawn(move || {
                let mut work = make();
                for times in orders {
                    (0..times).for_each(|_| work());
                    tell.send(()).unwrap();
                }
            });
            order
        };
        Workers { orders: (0..threads).map(start).collect(), done }
    }

    /// Returns the time and the CPU time that the work takes.
    fn run(&self, times: usize) -> [f64; 2] {
        let (begin, cpu) = (Instant::now(), cpu_time());
        for order in &self.orders {
            order.send(times / self.orders.len()).unwrap();
        }
        self.orders.iter().for_each(|_| self.done.recv().unwrap());
        [begin.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64()]
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn transpose(pairs: impl Iterator<Item = [f64; 2]>) -> [Vec<f64>; 2] {
    let (first, second) = pairs.map(|[first, second]| (first, second)).unzip();
    [first, second]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn summary(values: Vec<f64>) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({least:.2} to {most:.2})", median(values))
}

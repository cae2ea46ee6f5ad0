//! Threads that do one thing again and again, in turns with others that do it in another way.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 15;

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

/// Prints how the throughput and the CPU time of one way compare with those of the other, on one and on eight threads:
/// the medians of the ratios over the rounds.
pub(crate) fn compare<A: FnMut(), B: FnMut()>(
    ours: impl Fn() -> A + Clone + Send + 'static,
    theirs: impl Fn() -> B + Clone + Send + 'static,
    times: usize,
) {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (rounds, times) = if is_test { (1, 80) } else { (ROUNDS, times) };
    for threads in [1, 8] {
        let ours = Workers::start(threads, ours.clone());
        let theirs = Workers::start(threads, theirs.clone());
        let (mut throughput, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let [time, used] = ours.run(times);
            let [their_time, they_used] = theirs.run(times);
            throughput.push(their_time / time);
            cpu.push(used / they_used);
        }
        let (throughput, cpu) = (median(throughput), median(cpu));
        println!("threads: {threads}, throughput {throughput:.2}, CPU time {cpu:.2} of theirs");
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

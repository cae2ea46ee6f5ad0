//! What does a round trip over a socket cost, beside the blocking sockets of std?

mod async_io_sockets;
mod tokio_sockets;

use std::net::SocketAddr;

use super::calls::legend;
use super::{Answer, Chart, Column, Question};
use crate::designs;
use crate::echo::{std_connect, std_round_trip};
use crate::peers;
use crate::progress::Progress;
use crate::server::Server;
use crate::timing::{Cost, Effort, Repeat, costs};

const STD: &str = "std, blocking sockets";

const KEPT: [&str; 9] = [
    designs::SMARTASYNC,
    designs::SHARED,
    designs::REUSED,
    designs::HANDLE,
    designs::MULTI_THREAD,
    designs::SPAWN,
    designs::CLIENT_THREAD,
    designs::ASYNC_IO,
    STD,
];

/// Sends a byte over a socket that is kept, and receives it.
macro_rules! echo {
    ($run:expr, $sockets:ident, $address:expr) => {{
        let mut kept = Some($run($sockets::connect($address)));
        Box::new(move |count: u32| {
            for _ in 0..count {
                let stream = kept.take().expect("it is always put back");
                kept = Some($run($sockets::round_trip(stream)));
            }
        }) as Repeat<'_>
    }};
}

/// Connects, sends a byte, receives it and closes.
macro_rules! connect {
    ($run:expr, $sockets:ident, $address:expr) => {{
        let address = $address;
        Box::new(move |count: u32| {
            for _ in 0..count {
                $run(async move {
                    drop($sockets::round_trip($sockets::connect(address).await).await);
                });
            }
        }) as Repeat<'_>
    }};
}

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    let (server, far_server) = (Server::start(0), Server::start(1));
    // A closed connection keeps its port for a minute: few enough that there are always some left.
    let of_connects = &Effort { rounds: effort.rounds.div_ceil(4), ..*effort };
    // To wake another core takes long.
    let far = &Effort { turn: effort.turn * 5, ..*of_connects };
    let turns = KEPT.len() * (effort.rounds + far.rounds) + (KEPT.len() + 1) * of_connects.rounds;
    progress.begin("sockets", turns);
    let far_echo = costs(far, progress, echoes(far_server.address));
    let echo = costs(effort, progress, echoes(server.address));
    let connect = costs(of_connects, progress, connects(server.address));
    let column = |heading, name, names: &[&'static str], costs: &[Cost]| Column {
        heading,
        legend: legend(name, costs[0].time),
        ratios: names.iter().zip(costs).map(|(name, cost)| (*name, cost.ratio)).collect(),
    };
    let names_of_connects = [KEPT.as_slice(), &[designs::RUNTIME_A_CALL]].concat();
    let columns = [
        column(["echo", "far"], "echo of a byte, the server on another core", &KEPT, &far_echo),
        column(["echo", "near"], "echo of a byte, the server on the same core", &KEPT, &echo),
        column(
            ["echo", "conn"],
            "connect, echo a byte, close, on the same core",
            &names_of_connects,
            &connect,
        ),
    ];
    let [far, near, connect] = &columns;
    let meaning = format!(
        "An echo of one byte takes {:.2} of the time of std's blocking sockets with `smartasync` where the server keeps to \
         another core, {:.2} with a reused `Runtime::block_on` and {:.2} with `async-io`; on the same core {:.2}, {:.2} and \
         {:.2}. Connecting, an echo and closing take {:.2}, {:.2} and {:.2} there.",
        1.0 / far.ratio(STD),
        far.ratio(designs::REUSED) / far.ratio(STD),
        far.ratio(designs::ASYNC_IO) / far.ratio(STD),
        1.0 / near.ratio(STD),
        near.ratio(designs::REUSED) / near.ratio(STD),
        near.ratio(designs::ASYNC_IO) / near.ratio(STD),
        1.0 / connect.ratio(STD),
        connect.ratio(designs::REUSED) / connect.ratio(STD),
        connect.ratio(designs::ASYNC_IO) / connect.ratio(STD),
    );
    Answer {
        question: Question::Sockets,
        title: "What does a round trip over loopback cost?".into(),
        axis: "time of a round trip, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: false },
        columns: columns.into(),
        meaning,
    }
}

/// In the order of `KEPT`.
fn echoes(address: SocketAddr) -> [Repeat<'static>; 9] {
    [
        echo!(smartasync::block_on, tokio_sockets, address),
        echo!(designs::shared, tokio_sockets, address),
        echo!(peers::reused_runtime, tokio_sockets, address),
        echo!(peers::handle, tokio_sockets, address),
        echo!(peers::multi_thread, tokio_sockets, address),
        echo!(peers::multi_thread_spawn, tokio_sockets, address),
        echo!(designs::client_thread, tokio_sockets, address),
        echo!(peers::async_io, async_io_sockets, address),
        {
            let mut stream = std_connect(address);
            Box::new(move |count| (0..count).for_each(|_| std_round_trip(&mut stream)))
        },
    ]
}

/// In the order of `KEPT`, and a runtime a call.
fn connects(address: SocketAddr) -> [Repeat<'static>; 10] {
    [
        connect!(smartasync::block_on, tokio_sockets, address),
        connect!(designs::shared, tokio_sockets, address),
        connect!(peers::reused_runtime, tokio_sockets, address),
        connect!(peers::handle, tokio_sockets, address),
        connect!(peers::multi_thread, tokio_sockets, address),
        connect!(peers::multi_thread_spawn, tokio_sockets, address),
        connect!(designs::client_thread, tokio_sockets, address),
        connect!(peers::async_io, async_io_sockets, address),
        Box::new(move |count: u32| {
            for _ in 0..count {
                std_round_trip(&mut std_connect(address));
            }
        }),
        connect!(peers::runtime_a_call, tokio_sockets, address),
    ]
}

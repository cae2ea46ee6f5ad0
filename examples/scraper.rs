//! Threads that crawl a site, with a progress bar and a chart of how long each page took.
//!
//! Run with: `cargo run --example scraper`, also with `-- --threads 8 --chart latencies.svg`
//!
//! The site is a server in the same process. Its pages link to one another, and some are slow.

use std::collections::HashSet;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract;
use axum::response::Html;
use axum::routing::get;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use reqwest::Client;
use smartasync::{block_on, smartasync};
use tokio::net::TcpListener;

const PAGES: u64 = 120;

#[derive(Debug, Parser)]
#[command(about = "Crawls a site, and draws how long its pages took")]
struct Args {
    /// The threads that crawl.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// The file of the chart. Default: smartasync-scraper.svg in the folder for temporary files.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

struct Visit {
    /// In seconds since the crawl began.
    begin: f64,
    millis: f64,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args = Args::parse();
    let chart = args.chart.unwrap_or_else(|| std::env::temp_dir().join("smartasync-scraper.svg"));
    let server = block_on(serve())?;
    let threads = ThreadPoolBuilder::new().num_threads(args.threads).build()?;

    let visits = threads.install(|| crawl(&format!("http://{server}")))?;
    let slowest = visits.iter().map(|visit| visit.millis).fold(0.0, f64::max);
    println!(
        "{} pages with {} threads, the slowest took {slowest:.0} ms",
        visits.len(),
        args.threads
    );
    draw(&visits, slowest, &chart).map_err(|error| error.to_string())?;
    println!("see {}", chart.display());
    Ok(())
}

/// Visits each page once: first those that `/0` links to, then those that these link to, and so on.
fn crawl(site: &str) -> reqwest::Result<Vec<Visit>> {
    let client = Client::new();
    let style = ProgressStyle::with_template("{spinner} {pos} of {len} known pages");
    let bar = ProgressBar::new(1).with_style(style.expect("the template is valid"));
    let begin = Instant::now();
    let mut known = HashSet::from(["/0".to_owned()]);
    let mut next = Vec::from_iter(known.clone());
    let mut visits = Vec::new();
    while !next.is_empty() {
        let visit = |path: &String| {
            let sent = Instant::now();
            // A thread of the pool is a plain thread.
            let page = fetch(&client, &format!("{site}{path}")).wait()?;
            bar.inc(1);
            let millis = sent.elapsed().as_secs_f64() * 1e3;
            Ok((page, Visit { begin: (sent - begin).as_secs_f64(), millis }))
        };
        let visited: Vec<(String, Visit)> =
            next.par_iter().map(visit).collect::<reqwest::Result<_>>()?;
        next.clear();
        for (page, visit) in visited {
            visits.push(visit);
            next.extend(links(&page).filter(|link| known.insert(link.clone())));
        }
        bar.set_length(known.len() as u64);
    }
    bar.finish_and_clear();
    Ok(visits)
}

#[smartasync]
async fn fetch(client: &Client, url: &str) -> reqwest::Result<String> {
    client.get(url).send().await?.error_for_status()?.text().await
}

fn links(page: &str) -> impl Iterator<Item = String> {
    page.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
}

fn draw(visits: &[Visit], slowest: f64, file: &Path) -> Result<(), Box<dyn Error>> {
    let end = visits.iter().map(|visit| visit.begin).fold(0.0, f64::max);
    let area = SVGBackend::new(file, (720, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("How long each page took", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..end * 1.05, 0.0..slowest * 1.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("when, in seconds")
        .y_desc("milliseconds")
        .draw()?;
    let points = visits.iter().map(|visit| (visit.begin, visit.millis));
    chart.draw_series(points.map(|point| Circle::new(point, 3, BLUE.filled())))?;
    area.present()?;
    Ok(())
}

/// Page `n` links to the three pages from `3n + 1`, and back to the first.
async fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let page = get(async |extract::Path(number): extract::Path<u64>| {
        let millis = if number % 11 == 10 { 60 } else { 5 + number % 7 * 3 };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        let children = (number * 3 + 1..number * 3 + 4).filter(|child| *child < PAGES);
        let links = children.chain([0]).map(|page| format!("<a href=\"/{page}\">{page}</a>"));
        Html(links.collect::<String>())
    });
    let app = Router::new().route("/{number}", page);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

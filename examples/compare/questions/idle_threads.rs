//! What does an idle thread keep after a call?

use clap::ValueEnum;

use super::{Answer, Chart, Column, Question};
use crate::designs;
use crate::idle_threads::{FURTHER, Kind, THREADS, Taken};
use crate::progress::Progress;
use crate::timing::Effort;

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    let kinds = Kind::value_variants();
    progress.begin("idle threads", effort.processes * kinds.len());
    let mut counted = vec![Vec::new(); kinds.len()];
    for _ in 0..effort.processes {
        for (kind, counted) in kinds.iter().zip(&mut counted) {
            counted.push(kind.count());
            progress.advance(1);
        }
    }
    let medians = |figure: fn(&Taken) -> f64| -> Vec<(&'static str, f64)> {
        let median = |counted: &Vec<Taken>| {
            let mut figures: Vec<f64> = counted.iter().map(figure).collect();
            figures.sort_unstable_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        kinds.iter().zip(&counted).map(|(kind, counted)| (kind.name(), median(counted))).collect()
    };
    let memory = medians(|taken| taken.kib);
    let descriptors = medians(|taken| taken.descriptors);
    let threads = medians(|taken| taken.threads);
    let of = |figures: &[(&str, f64)], design| {
        figures.iter().find(|(name, _)| *name == design).expect("it was counted").1
    };
    let meaning = format!(
        "Each of {THREADS} idle threads that have made a call takes {:.0} KiB and {:.1} descriptors with `smartasync`, \
         {:.0} KiB and {:.1} with a reused `Runtime`, {:.0} KiB and {:.1} with the shared bridge, and {:.0} KiB bare. \
         With `smartasync` they share at most 16 runtimes for each core: with their driver threads, there are {:.2} \
         threads for each. A further thread takes {:.1} KiB more than a bare one.",
        of(&memory, designs::SMARTASYNC),
        of(&descriptors, designs::SMARTASYNC),
        of(&memory, designs::REUSED),
        of(&descriptors, designs::REUSED),
        of(&memory, designs::SHARED),
        of(&descriptors, designs::SHARED),
        of(&memory, Kind::Bare.name()),
        of(&threads, designs::SMARTASYNC),
        of(&memory, FURTHER) - of(&memory, Kind::Bare.name()),
    );
    Answer {
        question: Question::IdleThreads,
        title: format!("What does each of {THREADS} idle threads keep after a call?"),
        axis: "for each thread, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: false },
        columns: vec![
            column(["idle", "KiB"], "resident memory", "KiB", memory),
            column(["idle", "files"], "descriptors", "", descriptors),
            column(["idle", "thr"], "threads, itself included", "", threads),
        ],
        meaning,
    }
}

fn column(
    heading: [&'static str; 2],
    name: &str,
    unit: &str,
    mut figures: Vec<(&'static str, f64)>,
) -> Column {
    let own = figures[0].1;
    for (_, figure) in &mut figures {
        *figure /= own;
    }
    let legend = format!("{name} (1 = {own:.1}{}{unit})", if unit.is_empty() { "" } else { " " });
    Column { heading, legend, ratios: figures }
}

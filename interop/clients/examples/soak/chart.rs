//! The samples as a chart of characters.

use crate::resources::Sample;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(crate) fn print(samples: &[Sample]) {
    let rates = samples.windows(2).map(|pair| pair[1].right - pair[0].right);
    line("answers a sample", rates);
    line("descriptors", samples.iter().map(|sample| sample.resources.descriptors));
    line("threads", samples.iter().map(|sample| sample.resources.threads));
    line("resident KiB", samples.iter().map(|sample| sample.resources.memory));
}

/// Prints a line from zero to the largest value.
fn line(name: &str, values: impl Iterator<Item = u64>) {
    let values: Vec<_> = values.collect();
    let (least, most) = (values.iter().min().unwrap(), *values.iter().max().unwrap());
    let level = |value: &u64| LEVELS[(value * 7 / most.max(1)) as usize];
    let bars: String = values.iter().map(level).collect();
    println!("{name:>16} {bars} {least} to {most}");
}

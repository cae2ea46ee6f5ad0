//! What the process holds.

use std::fs;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Resources {
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    /// Resident memory in KiB.
    pub(crate) memory: u64,
}

/// What the process holds at a time, and how many answers there have been.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) right: u64,
    pub(crate) resources: Resources,
}

impl Resources {
    pub(crate) fn of_process() -> Resources {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        Resources {
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count() as u64,
            threads: field("Threads:"),
            memory: field("VmRSS:"),
        }
    }

    /// Returns the names of the resources of which the process holds more at the end than after a quarter of the time.
    pub(crate) fn growing(samples: &[Sample]) -> Vec<&'static str> {
        let quarter = samples.len() / 4;
        let (early, late) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
        let is_growing = |of: fn(&Resources) -> u64, few: u64| {
            let median = |samples: &[Sample]| {
                let mut values: Vec<_> =
                    samples.iter().map(|sample| of(&sample.resources)).collect();
                values.sort_unstable();
                values[values.len() / 2]
            };
            median(late) > median(early) + median(early) / 4 + few
        };
        let growing = [
            ("descriptors", is_growing(|resources| resources.descriptors, 16)),
            ("threads", is_growing(|resources| resources.threads, 4)),
            ("memory", is_growing(|resources| resources.memory, 4096)),
        ];
        growing.into_iter().filter(|(_, grows)| *grows).map(|(name, _)| name).collect()
    }
}

//! What is asked, and what an answer consists of.

mod calls;
mod contexts;
mod costs;
mod idle_threads;
mod short_threads;
mod sockets;
mod threads;

use clap::ValueEnum;

use crate::cores;
use crate::progress::Progress;
use crate::timing::Effort;

/// Each has a chart.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Question {
    /// What does an idle thread keep after a call? On Linux only.
    IdleThreads,
    /// What does a call from a plain thread cost?
    Calls,
    /// What does a call cost in spawn_blocking and in a task?
    Contexts,
    /// What does a call cost when many threads call at once?
    Threads,
    /// What does a call cost a thread that ends after it?
    ShortThreads,
    /// What does a round trip over loopback cost?
    Sockets,
    /// What does one more wait add to a program?
    Costs,
}

impl Question {
    /// Those that this system can answer.
    pub(crate) fn all() -> Vec<Question> {
        let has_proc = cfg!(target_os = "linux");
        let is_answered = |question: &&Question| has_proc || **question != Question::IdleThreads;
        Question::value_variants().iter().filter(is_answered).copied().collect()
    }

    /// Its name as an option. The chart's file has it too.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().expect("no question is skipped").get_name().to_owned()
    }

    /// Measures.
    pub(crate) fn ask(self, effort: &Effort, progress: &Progress, core_count: usize) -> Answer {
        // The limits of what idle threads keep depend on the number of cores. So they are the first question.
        if self != Question::IdleThreads {
            cores::keep_to(0);
        }
        match self {
            Question::Calls => calls::ask(effort, progress),
            Question::Contexts => contexts::ask(effort, progress),
            Question::Threads => threads::ask(effort, progress, core_count),
            Question::ShortThreads => short_threads::ask(effort, progress),
            Question::IdleThreads => idle_threads::ask(effort, progress),
            Question::Sockets => sockets::ask(effort, progress),
            Question::Costs => costs::ask(progress),
        }
    }
}

pub(crate) struct Answer {
    pub(crate) question: Question,
    /// The question in words, as the title of the chart.
    pub(crate) title: String,
    /// What the axis of the ratios says.
    pub(crate) axis: &'static str,
    pub(crate) chart: Chart,
    /// Columns of the table.
    pub(crate) columns: Vec<Column>,
    /// What the figures say.
    pub(crate) meaning: String,
}

pub(crate) enum Chart {
    /// The columns, as bars.
    Bars {
        is_logarithmic: bool,
    },
    Lines {
        lines: Vec<Line>,
    },
}

/// The figures of the designs, as ratios to that of `smartasync`.
pub(crate) struct Column {
    /// Two lines for the table.
    pub(crate) heading: [&'static str; 2],
    /// What the legend of the chart says, with the figure of `smartasync`.
    pub(crate) legend: String,
    pub(crate) ratios: Vec<(&'static str, f64)>,
}

/// The figures of one design.
pub(crate) struct Line {
    pub(crate) design: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Column {
    /// Returns the ratio of one design. It must be there.
    pub(crate) fn ratio(&self, design: &str) -> f64 {
        let found = self.ratios.iter().find(|(name, _)| *name == design);
        found.expect("the design was measured").1
    }
}

//! The progress bar: one question at a time.

use std::cell::Cell;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress {
    bar: ProgressBar,
    questions: usize,
    begun: Cell<usize>,
}

impl Progress {
    pub(crate) fn new(questions: usize) -> Progress {
        // Drawn seldom: that takes time from what is measured.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(2));
        let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} %  {msg}");
        bar.set_style(style.expect("the template is valid"));
        Progress { bar, questions, begun: Cell::new(0) }
    }

    /// Begins a question that takes so many turns.
    pub(crate) fn begin(&self, question: &str, turns: usize) {
        let number = self.begun.get() + 1;
        self.begun.set(number);
        self.bar.reset();
        self.bar.set_length(turns as u64);
        self.bar.set_prefix(format!("{number}/{}", self.questions));
        self.bar.set_message(question.to_owned());
    }

    pub(crate) fn advance(&self, turns: usize) {
        self.bar.inc(turns as u64);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

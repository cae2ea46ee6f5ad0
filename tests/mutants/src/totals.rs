//! Counts the checks by their outcome.

use std::fmt;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) mutants: u32,
    pub(crate) wrong_rows: u32,
    pub(crate) unbuilt: u32,
    pub(crate) caught: u32,
    pub(crate) survivors: u32,
    pub(crate) hangs: u32,
}

impl Totals {
    pub(crate) fn are_good(self) -> bool {
        self.wrong_rows + self.unbuilt + self.survivors + self.hangs == 0
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { mutants, wrong_rows, unbuilt, caught, survivors, hangs } = self;
        write!(f, "{mutants} mutants, {wrong_rows} wrong rows, {unbuilt} not built; ")?;
        write!(f, "{caught} times caught, {survivors} survivors, {hangs} hangs")
    }
}

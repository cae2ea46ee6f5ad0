//! Finds mistakes in a row of the table, as far as that is possible without building.

use std::fs;

use crate::root;
use crate::table::Mutant;

/// Returns the first mistake in this row of the table.
pub(crate) fn complaint(mutant: &Mutant, table: &[Mutant]) -> Option<String> {
    let Mutant { name, file, old, new, models } = mutant;
    let Ok(source) = fs::read_to_string(root().join(file)) else {
        return Some(format!("MISSING: there is no {file} any more"));
    };
    match source.matches(old).count() {
        0 => return Some(format!("MISSING: its line is not in {file} any more: '{old}'")),
        1 => {}
        count => return Some(format!("UNCLEAR: its line is in {file} {count} times: '{old}'")),
    }
    if old == new {
        return Some("WRONG: it changes nothing".to_owned());
    }
    if table.iter().filter(|other| other.name == *name).count() > 1 {
        return Some("WRONG: another row has its name".to_owned());
    }
    if models.is_empty() {
        return Some("WRONG: it names no model".to_owned());
    }
    let sources = sources();
    models.iter().find_map(|model| {
        let Some((before, _)) = sources.split_once(&format!("#[test]\nfn {model}() {{")) else {
            return Some(format!("MISSING: there is no model {model} in tests/loom any more"));
        };
        let doc = before.rsplit("\n\n").next()?;
        (!doc.contains(&format!("`{name}`")))
            .then(|| format!("WRONG: the model {model} does not name it"))
    })
}

/// The source of the models. A missing model is found at once in it, where building would take minutes.
fn sources() -> String {
    let files = fs::read_dir(root().join("tests/loom")).expect("the models are there");
    let paths = files.map(|file| file.expect("the folder can be read").path());
    let models = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    models.map(|path| fs::read_to_string(path).expect("a model can be read")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn the_table_fits_the_source() {
        let table = table::read();
        let complaints = table.iter().filter_map(|mutant| {
            let complaint = complaint(mutant, &table)?;
            Some(format!("{}: {complaint}", mutant.name))
        });
        assert_eq!(complaints.collect::<Vec<_>>(), Vec::<String>::new());
    }

    /// Returns what is said about the first row of the table after `change`.
    fn complaint_of(change: impl FnOnce(&mut Mutant)) -> String {
        let mut table = table::read();
        change(&mut table[0]);
        complaint(&table[0], &table).expect("something is wrong with it")
    }

    #[test]
    fn each_thing_that_is_wrong_is_named() {
        let line = complaint_of(|row| row.old = "no such line".to_owned());
        assert!(line.starts_with("MISSING: its line is not in"), "{line}");
        let twice = complaint_of(|row| row.old = "fn ".to_owned());
        assert!(twice.starts_with("UNCLEAR: its line is in"), "{twice}");
        let file = complaint_of(|row| row.file = "src/no_such_file.rs".to_owned());
        assert!(file.starts_with("MISSING: there is no src/no_such_file.rs"), "{file}");
        let model = complaint_of(|row| row.models.push("no_such_model".to_owned()));
        assert!(model.starts_with("MISSING: there is no model no_such_model"), "{model}");
        assert_eq!(complaint_of(|row| row.models.clear()), "WRONG: it names no model");
        assert_eq!(complaint_of(|row| row.new = row.old.clone()), "WRONG: it changes nothing");
        let unnamed = complaint_of(|row| row.name = "no-such-name".to_owned());
        assert!(unnamed.ends_with("does not name it"), "{unnamed}");
        let second = table::read()[1].name.clone();
        assert_eq!(complaint_of(|row| row.name = second), "WRONG: another row has its name");
    }
}

//! The table of what works with fend (`src/guide/ecosystem_table.md`) says what is tested, and nothing else: its versions are those of
//! Cargo.lock, its features those of fend, its tests exist, and no test of a library is missing in it.
//!
//! (And what the README compares with tokio and smol is a part of `src/guide/comparison.md`.)
//!
//! A row is one line: crate, version, what of it, feature, how, and the tests, as `binary::module`. A module without tests of its own
//! (what others share) need not be named.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const HEADER: &str = "| crate | version | what | feature | how | test |";

/// One line of the table.
#[derive(Debug, PartialEq)]
struct Row {
    library: String,
    version: String,
    features: Vec<String>,
    /// Each `binary::module`.
    tests: Vec<String>,
}

/// What the table is held against.
#[derive(Debug, Default)]
struct Facts {
    /// Name and version of each package in Cargo.lock.
    locked: BTreeSet<(String, String)>,
    /// fend's features.
    features: BTreeSet<String>,
    /// Each `binary::module` that has tests.
    tests: BTreeSet<String>,
}

/// The names in backquotes of one cell, such as "`a`, `b`".
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let inner = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    let cells: Vec<&str> = inner.ok_or_else(|| format!("no row: {line}"))?.split(" | ").collect();
    let [library, version, what, feature, how, test] = cells[..] else {
        return Err(format!("{} cells in place of 6: {line}", cells.len()));
    };
    let [library] = &quoted(library)[..] else { return Err(format!("one crate a row: {line}")) };
    let (features, tests) = (quoted(feature), quoted(test));
    if features.is_empty() && feature != "none" {
        return Err(format!("neither a feature nor \"none\": {line}"));
    }
    if tests.is_empty() || what.is_empty() || how.is_empty() {
        return Err(format!("an empty cell: {line}"));
    }
    Ok(Row { library: library.clone(), version: version.to_owned(), features, tests })
}

/// All rows, or what is wrong with the first line that is none.
fn rows(table: &str) -> Result<Vec<Row>, String> {
    let mut lines = table.lines();
    if lines.next() != Some(HEADER) || lines.next() != Some("|---|---|---|---|---|---|") {
        return Err(format!("the table does not begin with {HEADER}"));
    }
    lines.map(row).collect()
}

/// Everything that is wrong with a table whose rows can be read.
fn complaints(rows: &[Row], facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    for Row { library, version, features, tests } in rows {
        if !facts.locked.contains(&(library.clone(), version.clone())) {
            let locked: Vec<_> = facts.locked.iter().filter(|(name, _)| name == library).collect();
            found.push(format!("{library}: the table says {version}, Cargo.lock {locked:?}"));
        }
        for feature in features.iter().filter(|&feature| !facts.features.contains(feature)) {
            found.push(format!("{library}: fend has no feature {feature}"));
        }
        for test in tests.iter().filter(|&test| !facts.tests.contains(test)) {
            found.push(format!("{library}: no tests in {test}"));
        }
    }
    let named: BTreeSet<&String> = rows.iter().flat_map(|row| &row.tests).collect();
    for test in facts.tests.iter().filter(|test| !named.contains(test)) {
        found.push(format!("{test} is not in the table"));
    }
    found
}

/// Names and versions of the packages in a Cargo.lock.
fn locked(lock: &str) -> BTreeSet<(String, String)> {
    let value = |line: &str, key: &str| {
        line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned)
    };
    let mut packages = BTreeSet::new();
    let mut name = None;
    for line in lock.lines() {
        if let Some(of_package) = value(line, "name") {
            name = Some(of_package);
        } else if let (Some(version), Some(name)) = (value(line, "version"), name.take()) {
            packages.insert((name, version));
        }
    }
    packages
}

/// The names in the section `[features]` of a Cargo.toml.
fn features(manifest: &str) -> BTreeSet<String> {
    let section = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let section = section.take_while(|line| !line.starts_with('['));
    section.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect()
}

/// The modules that a test binary's main.rs names, but for those whose file is given by `#[path]`.
fn modules(main: &str) -> Vec<String> {
    let mut elsewhere = false;
    let mut names = Vec::new();
    for line in main.lines() {
        if let Some(name) = line.strip_prefix("mod ").and_then(|line| line.strip_suffix(';')) {
            if !elsewhere {
                names.push(name.to_owned());
            }
            elsewhere = false;
        } else if line.starts_with("#[path") {
            elsewhere = true;
        }
    }
    names
}

/// Whether a module's source makes tests: by `#[test]`, or by a macro such as `on_every_dispatcher!(..)` outside of any function.
fn makes_tests(source: &str) -> bool {
    let is_call = |line: &str| {
        line.split_once("!(").is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        })
    };
    source.lines().any(|line| line.trim_start() == "#[test]" || is_call(line))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files of a module: `NAME.rs`, and those in the directory `NAME`.
fn files(binary: &Path, module: &str) -> Vec<PathBuf> {
    let mut files = vec![binary.join(module).with_extension("rs")];
    let mut directories = vec![binary.join(module)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.retain(|file| file.is_file() && file.extension().is_some_and(|extension| extension == "rs"));
    files
}

/// Each `binary::module` below `tests` that has tests.
fn tests(tests: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(tests).expect("the directory of tests") {
        let binary = entry.expect("an entry").path();
        if !binary.join("main.rs").is_file() {
            continue;
        }
        let name = binary.file_name().expect("a name").to_string_lossy().into_owned();
        for module in modules(&text(&binary.join("main.rs"))) {
            if files(&binary, &module).iter().any(|file| makes_tests(&text(file))) {
                found.insert(format!("{name}::{module}"));
            }
        }
    }
    found
}

#[test]
fn the_table_says_what_is_tested() {
    let interop = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = interop.parent().expect("the workspace");
    let facts = Facts {
        locked: locked(&text(&root.join("Cargo.lock"))),
        features: features(&text(&root.join("Cargo.toml"))),
        tests: tests(&interop.join("tests")),
    };
    let rows = rows(&text(&root.join("src/guide/ecosystem_table.md"))).expect("the table");
    let found = complaints(&rows, &facts);
    assert!(found.is_empty(), "src/guide/ecosystem_table.md:\n{}", found.join("\n"));
}

/// A copy in the README would grow old; so it has all lines of the table, or leads there.
#[test]
fn the_readme_has_the_table_or_leads_to_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let (readme, table) = (text(&root.join("README.md")), text(&root.join("src/guide/ecosystem_table.md")));
    assert!(
        readme.contains("src/guide/ecosystem_table.md") || table.lines().all(|line| readme.contains(line)),
        "README.md neither has the table of src/guide/ecosystem_table.md nor a link to it"
    );
}

/// Some rows of the comparison are in the README too, and say the same there.
#[test]
fn the_readmes_comparison_is_a_part_of_the_whole_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let (readme, whole) = (text(&root.join("README.md")), text(&root.join("src/guide/comparison.md")));
    let section = readme.lines().skip_while(|line| !line.starts_with("## Beside tokio")).skip(1);
    let lines = section.take_while(|line| !line.starts_with("## "));
    let rows: Vec<_> = lines.filter(|line| line.starts_with("| ") && !line.starts_with("| |")).collect();
    assert!(!rows.is_empty(), "README.md compares nothing below \"## Beside tokio and smol\"");
    for row in rows {
        assert!(whole.lines().any(|line| line == row), "src/guide/comparison.md says otherwise: {row}");
    }
}

/// Of the made-up table in the tests below.
fn made_up() -> Facts {
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    Facts {
        locked: BTreeSet::from([pair("one", "1.2.3"), pair("one", "0.9.0"), pair("two", "2.0.0")]),
        features: BTreeSet::from(["hyper".to_owned()]),
        tests: BTreeSet::from(["a::first".to_owned(), "a::second".to_owned()]),
    }
}

fn with(lines: &[&str]) -> String {
    [&[HEADER, "|---|---|---|---|---|---|"], lines].concat().join("\n")
}

#[test]
fn a_table_that_is_right_is_not_complained_of() {
    let table = with(&[
        "| `one` | 1.2.3 | all of it | none | as it is | `a::first` |",
        "| `two` | 2.0.0 | a part | `hyper` | by a wrapper | `a::first`, `a::second` |",
    ]);
    let rows = rows(&table).expect("rows");
    assert_eq!(rows[1].tests, ["a::first", "a::second"]);
    assert_eq!(complaints(&rows, &made_up()), [""; 0]);
}

#[test]
fn each_mistake_is_found() {
    let table = with(&[
        "| `one` | 1.2.4 | all of it | none | as it is | `a::first` |",
        "| `two` | 2.0.0 | a part | `hyber` | by a wrapper | `a::third` |",
    ]);
    let found = complaints(&rows(&table).expect("rows"), &made_up());
    let expected =
        ["one: the table says 1.2.4", "no feature hyber", "no tests in a::third", "a::second is not"];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (complaint, part) in found.iter().zip(expected) {
        assert!(complaint.contains(part), "{complaint:?} does not say {part:?}");
    }
}

#[test]
fn what_is_no_row_is_told_with_its_line() {
    for line in [
        "`one` | 1.2.3",
        "| `one` | 1.2.3 | all of it | none | as it is |",
        "| one | 1.2.3 | all of it | none | as it is | `a::first` |",
        "| `one` | 1.2.3 | all of it | some | as it is | `a::first` |",
        "| `one` | 1.2.3 | all of it | none | as it is | a::first |",
    ] {
        assert!(rows(&with(&[line])).unwrap_err().contains(line), "{line}");
    }
    assert!(rows("| crate |").is_err());
}

#[test]
fn files_of_cargo_and_rust_are_understood() {
    let lock = "[[package]]\nname = \"one\"\nversion = \"1.2.3\"\ndependencies = [\n \"two\",\n]\n";
    assert_eq!(locked(lock), BTreeSet::from([("one".to_owned(), "1.2.3".to_owned())]));
    let manifest = "[package]\nname = \"x\"\n[features]\ndefault = []\n# One.\none = [\n    \"two\",\n]\n[dependencies]\nthree = \"1\"\n";
    assert_eq!(features(manifest), BTreeSet::from(["default".to_owned(), "one".to_owned()]));
    let main = "#[macro_use]\n#[path = \"x.rs\"]\nmod support;\nmod first;\n#[path = \"y.rs\"]\nmod place;\nmod second;\n";
    assert_eq!(modules(main), ["first", "second"]);
    assert!(
        makes_tests("fn x() {}\non_every_dispatcher!(x);\n") && makes_tests("    #[test]\n    fn x() {}")
    );
    assert!(!makes_tests(
        "/// As `on_every_dispatcher!(x)` does, and #[test].\nmacro_rules! more {\n    println!(0);\n}"
    ));
}

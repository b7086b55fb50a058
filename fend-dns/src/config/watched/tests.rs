use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::config::files::tests::Directory;

/// A time at which all that tests write is long settled.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn content(news: News) -> String {
    match news {
        News::Content(content) => String::from_utf8(content).unwrap(),
        other => panic!("no content: {other:?}"),
    }
}

#[test]
fn a_file_is_read_once_and_then_again_for_each_change() {
    let directory = Directory::new();
    let path = directory.write("file", "one");
    let mut watched = Watched::new(path.clone());
    assert_eq!(content(watched.look(later())), "one");
    assert!(matches!(watched.look(later()), News::None));
    fs::write(&path, "three").unwrap();
    assert_eq!(content(watched.look(later())), "three");
    assert!(matches!(watched.look(later()), News::None));
}

#[test]
fn a_file_of_the_same_size_and_time_is_another_one_by_its_inode() {
    let directory = Directory::new();
    let path = directory.write("file", "one");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let mut watched = Watched::new(path.clone());
    assert_eq!(content(watched.look(later())), "one");
    let other = directory.write("other", "two");
    File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(content(watched.look(later())), "two");
}

/// The kernel's clock for files has a grain of some milliseconds: within it, a second change leaves no trace.
#[test]
fn a_file_that_has_just_changed_is_read_again_to_be_sure() {
    let directory = Directory::new();
    let mut watched = Watched::new(directory.write("file", "one"));
    let changed = SystemTime::now();
    assert_eq!(content(watched.look(changed)), "one");
    assert_eq!(content(watched.look(changed)), "one");
    assert_eq!(content(watched.look(later())), "one");
    assert!(matches!(watched.look(changed), News::None));
}

#[test]
fn a_time_far_in_the_future_is_nothing_recent() {
    let directory = Directory::new();
    let mut watched = Watched::new(directory.write("file", "one"));
    let before = SystemTime::now() - Duration::from_secs(3600);
    assert_eq!(content(watched.look(before)), "one");
    assert!(matches!(watched.look(before), News::None));
}

#[test]
fn a_file_that_comes_and_goes_is_news_each_time() {
    let directory = Directory::new();
    let path = directory.path("file");
    let mut watched = Watched::new(path.clone());
    assert!(matches!(watched.look(later()), News::Missing));
    assert!(matches!(watched.look(later()), News::None));
    directory.write("file", "");
    assert_eq!(content(watched.look(later())), "");
    fs::remove_file(&path).unwrap();
    assert!(matches!(watched.look(later()), News::Missing));
}

#[test]
fn the_target_of_a_symbolic_link_is_what_counts() {
    let directory = Directory::new();
    let link = directory.path("link");
    symlink(directory.write("first", "one"), &link).unwrap();
    let mut watched = Watched::new(link.clone());
    assert_eq!(content(watched.look(later())), "one");
    directory.write("first", "changed");
    assert_eq!(content(watched.look(later())), "changed");
    fs::remove_file(&link).unwrap();
    symlink(directory.write("second", "two"), &link).unwrap();
    assert_eq!(content(watched.look(later())), "two");
}

fn assert_fails(path: PathBuf, expected: &str) {
    let mut watched = Watched::new(path);
    for _ in 0..2 {
        match watched.look(later()) {
            News::Failed(error) => assert!(error.to_string().contains(expected), "{error}"),
            other => panic!("no failure: {other:?}"),
        }
    }
}

// DN9
#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let directory = Directory::new();
    assert_fails(directory.path(""), "no regular file");
    assert_fails("/dev/zero".into(), "no regular file");
    let fifo = directory.path("fifo");
    let status = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(status.success());
    assert_fails(fifo.clone(), "no regular file");
    // The same when it has come between the look and the opening.
    assert_eq!(read_file(&fifo).unwrap_err().to_string(), "no regular file");
}

#[test]
fn a_file_that_cannot_be_opened_is_a_failure_that_names_it() {
    let directory = Directory::new();
    let path = directory.path("loop");
    symlink(&path, &path).unwrap();
    assert_fails(path, "loop: Too many levels of symbolic links");
}

// DN9
#[test]
fn a_file_that_is_too_large_is_refused_and_not_read_whole() {
    let directory = Directory::new();
    let path = directory.write("file", "");
    File::options().write(true).open(&path).unwrap().set_len(MAX_SIZE + 1).unwrap();
    let mut watched = Watched::new(path.clone());
    match watched.look(later()) {
        News::TooLarge(error) => {
            assert!(error.to_string().ends_with("file: more than 16 MiB; treated as empty"), "{error}")
        }
        other => panic!("not too large: {other:?}"),
    }
    assert!(matches!(watched.look(later()), News::None));
    File::options().write(true).open(&path).unwrap().set_len(MAX_SIZE).unwrap();
    assert!(matches!(watched.look(later()), News::Content(content) if content.len() as u64 == MAX_SIZE));
}

//! Any sequence of operations, some of them given up, does to a file what std's does.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use futures_io::AsyncRead;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use proptest::collection::vec;
use proptest::prelude::*;

use super::File;

/// One operation on both files.
#[derive(Debug, Clone)]
enum Op {
    Read(usize),
    /// Begun, given up after one poll, and taken up again with another size.
    ReadGivenUp(usize, usize),
    Write(usize),
    Seek(SeekFrom),
    SetLen(u64),
    Flush,
    ReadAt(usize, u64),
    WriteAt(usize, u64),
    /// From here on nothing is read at once.
    Clone,
    ThroughStd,
}

fn op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![0..64_usize, 0..20_000_usize, 200_000..600_000_usize];
    let place = || prop_oneof![0..100_u64, 0..1_000_000_u64];
    let by = || prop_oneof![-100..100_i64, -100_000..100_000_i64];
    prop_oneof![
        4 => size().prop_map(Op::Read),
        3 => (1..20_000_usize, 1..20_000_usize).prop_map(|(first, then)| Op::ReadGivenUp(first, then)),
        4 => size().prop_map(Op::Write),
        2 => place().prop_map(|to| Op::Seek(SeekFrom::Start(to))),
        2 => by().prop_map(|by| Op::Seek(SeekFrom::Current(by))),
        1 => by().prop_map(|by| Op::Seek(SeekFrom::End(by))),
        1 => place().prop_map(Op::SetLen),
        1 => Just(Op::Flush),
        1 => (size(), place()).prop_map(|(size, offset)| Op::ReadAt(size, offset)),
        1 => (size(), place()).prop_map(|(size, offset)| Op::WriteAt(size, offset)),
        1 => Just(Op::Clone),
        1 => Just(Op::ThroughStd),
    ]
}

/// Our file, and std's, with the same contents.
struct Pair {
    ours: File,
    theirs: std::fs::File,
    paths: [PathBuf; 2],
    /// What is written differs each time.
    written: u8,
}

impl Pair {
    fn new() -> Pair {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = |whose| {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            std::env::temp_dir().join(format!("fend-file-model-{}-{count}-{whose}", std::process::id()))
        };
        let paths = [name("ours"), name("theirs")];
        let [ours, theirs] = paths.each_ref().map(|path| std::fs::File::create_new(path).unwrap());
        Pair { ours: File::opened(ours, &paths[0]), theirs, paths, written: 0 }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.written = self.written.wrapping_add(1);
        (0..count).map(|n| (n % 251) as u8 ^ self.written).collect()
    }

    async fn apply(&mut self, op: Op) {
        match op {
            Op::Read(size) => self.read(size).await,
            Op::ReadGivenUp(first, then) => self.read_given_up(first, then).await,
            Op::Write(size) => {
                let bytes = self.bytes(size);
                self.ours.write_all(&bytes).await.unwrap();
                self.theirs.write_all(&bytes).unwrap();
            }
            Op::Seek(target) => self.seek(target).await,
            Op::SetLen(size) => {
                self.ours.set_len(size).await.unwrap();
                self.theirs.set_len(size).unwrap();
            }
            Op::Flush => self.ours.flush().await.unwrap(),
            Op::ReadAt(size, offset) => self.read_at(size, offset).await,
            Op::WriteAt(size, offset) => {
                let bytes = self.bytes(size);
                self.ours.write_all_at(&bytes, offset).await.unwrap();
                std::os::unix::fs::FileExt::write_all_at(&self.theirs, &bytes, offset).unwrap();
            }
            Op::Clone => self.ours = self.ours.try_clone().await.unwrap(),
            Op::ThroughStd => self.through_std().await,
        }
    }

    /// A count may be short: std has to give the same bytes.
    async fn read(&mut self, size: usize) {
        let mut ours = vec![0; size];
        let count = self.ours.read(&mut ours).await.unwrap();
        self.compare(&ours[..count], size);
    }

    async fn read_given_up(&mut self, first: usize, then: usize) {
        let mut ours = vec![0; first];
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut self.ours).poll_read(&mut cx, &mut ours) {
            Poll::Ready(count) => self.compare(&ours[..count.unwrap()], first),
            // Half of the time something else comes next.
            Poll::Pending if then % 2 == 0 => {}
            Poll::Pending => self.read(then).await,
        }
    }

    fn compare(&mut self, ours: &[u8], size: usize) {
        let mut theirs = vec![0; if ours.is_empty() { size } else { ours.len() }];
        let mut filled = 0;
        while filled < theirs.len() {
            match self.theirs.read(&mut theirs[filled..]).unwrap() {
                0 => break,
                count => filled += count,
            }
        }
        assert!(ours == &theirs[..filled], "{} bytes, and {filled} of std's", ours.len());
    }

    async fn seek(&mut self, target: SeekFrom) {
        match (self.ours.seek(target).await, self.theirs.seek(target)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
            (ours, theirs) => assert_eq!(ours.unwrap_err().kind(), theirs.unwrap_err().kind()),
        }
    }

    async fn read_at(&mut self, size: usize, offset: u64) {
        let (mut ours, mut theirs) = (vec![0; size], vec![0; size]);
        let count = self.ours.read_at(&mut ours, offset).await.unwrap();
        let most = std::os::unix::fs::FileExt::read_at(&self.theirs, &mut theirs, offset).unwrap();
        assert!(count <= most && (count > 0 || most == 0) && ours[..count] == theirs[..count]);
    }

    async fn through_std(&mut self) {
        let path = &self.paths[0];
        let file = std::mem::replace(&mut self.ours, File::from_std(std::fs::File::open(path).unwrap()));
        let mut file = file.into_std().await.unwrap();
        assert_eq!(file.stream_position().unwrap(), self.theirs.stream_position().unwrap());
        self.ours = File::opened(file, path);
    }

    /// The same position, and the same bytes in the file.
    async fn finish(&mut self) {
        self.seek(SeekFrom::Current(0)).await;
        self.ours.flush().await.unwrap();
        let [ours, theirs] = self.paths.each_ref().map(|path| std::fs::read(path).unwrap());
        assert!(ours == theirs, "{} bytes, and {} of std's", ours.len(), theirs.len());
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 60 } else { 600 }))]

    #[test]
    fn any_sequence_does_what_it_does_to_a_file_of_std(ops in vec(op(), 1..25)) {
        crate::block_on(async {
            let mut pair = Pair::new();
            for op in ops {
                pair.apply(op).await;
            }
            pair.finish().await;
        });
    }
}

/// Once the pool is done with it, the file is let go of: whoever finds it idle may take it.
#[test]
fn an_idle_file_can_be_taken_at_once() {
    crate::block_on(async {
        for _ in 0..200 {
            let mut pair = Pair::new();
            pair.ours.write_all(b"x").await.unwrap();
            pair.ours.flush().await.unwrap();
            let placeholder = File::from_std(pair.theirs.try_clone().unwrap());
            let file = std::mem::replace(&mut pair.ours, placeholder);
            assert!(file.try_into_std().is_ok());
        }
    });
}

#[test]
fn a_file_and_its_futures_go_to_other_threads() {
    fn is_shared<T: Send + Sync + Unpin + 'static>() {}
    fn goes<T: Send>(_: &T) {}
    is_shared::<File>();
    is_shared::<super::super::ReadDir>();
    is_shared::<super::super::DirEntry>();
    goes(&super::super::write_atomic("a", "b"));
    goes(&super::super::read_dir("a"));
    crate::block_on(async {
        let file = File::open("/dev/null").await.unwrap();
        goes(&file.read_at(&mut [0], 0));
        goes(&file.write_at(&[0], 0));
        goes(&file.sync_all());
        goes(&file.metadata());
        goes(&file.into_std());
    });
}

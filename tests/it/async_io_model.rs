//! Whatever is done to an asynchronous view of a file, awaited or dropped, has the effect that it would have on
//! the file.

#![cfg(feature = "io")]

use std::io::SeekFrom;
use std::pin::Pin;

use proptest::prelude::*;
use smartasync::io::AsyncIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWriteExt};

use crate::support::{multi_thread, poll_once, within_a_minute};
use model::Model;

/// The operations of `std::io`, kept apart from Tokio's, which have the same names.
mod model {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};

    use crate::support::unnamed_file;

    pub(crate) struct Model(File);

    impl Model {
        pub(crate) fn new(start: &[u8]) -> Model {
            Model(file(start))
        }

        /// Returns the next bytes, up to `amount`.
        pub(crate) fn read(&mut self, amount: usize) -> Vec<u8> {
            let mut bytes = Vec::new();
            (&mut self.0).take(amount as u64).read_to_end(&mut bytes).unwrap();
            bytes
        }

        pub(crate) fn write(&mut self, bytes: &[u8]) {
            self.0.write_all(bytes).unwrap();
        }

        pub(crate) fn seek(&mut self, to: SeekFrom) -> Option<u64> {
            self.0.seek(to).ok()
        }

        pub(crate) fn assert_is(self, file: File) {
            assert_eq!(position_and_bytes(file), position_and_bytes(self.0));
        }
    }

    pub(crate) fn file(start: &[u8]) -> File {
        let mut file = unnamed_file();
        file.write_all(start).unwrap();
        file.rewind().unwrap();
        file
    }

    fn position_and_bytes(mut file: File) -> (u64, Vec<u8>) {
        let position = file.stream_position().unwrap();
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (position, bytes)
    }
}

/// What a user of a file may do.
#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    ReadDropped(usize),
    Peek(usize),
    Write(Vec<u8>),
    WriteDropped(Vec<u8>),
    Flush,
    FlushDropped,
    Seek(SeekFrom),
    SeekDropped(SeekFrom),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20);
    let seek = || {
        prop_oneof![
            (0..80_u64).prop_map(SeekFrom::Start),
            (-30..30_i64).prop_map(SeekFrom::Current),
            (-50..10_i64).prop_map(SeekFrom::End),
        ]
    };
    let step = prop_oneof![
        (0..20_usize).prop_map(Step::Read),
        (1..20_usize).prop_map(Step::ReadDropped),
        (0..20_usize).prop_map(Step::Peek),
        bytes().prop_map(Step::Write),
        bytes().prop_map(Step::WriteDropped),
        Just(Step::Flush),
        Just(Step::FlushDropped),
        seek().prop_map(Step::Seek),
        seek().prop_map(Step::SeekDropped),
    ];
    prop::collection::vec(step, 1..40)
}

/// Makes the step on both, and asserts that the results are equal.
async fn make(step: Step, file: &mut AsyncIo<std::fs::File>, model: &mut Model) {
    match step {
        Step::Read(amount) => {
            let mut read = Vec::new();
            file.take(amount as u64).read_to_end(&mut read).await.unwrap();
            assert_eq!(read, model.read(amount));
        }
        Step::ReadDropped(amount) => {
            let mut buf = vec![0; amount];
            if let Some(count) = poll_once(file.read(&mut buf)) {
                buf.truncate(count.unwrap());
                assert_eq!(buf, model.read(buf.len()));
            }
        }
        Step::Peek(amount) => {
            let seen = file.fill_buf().await.unwrap();
            let amount = amount.min(seen.len());
            assert_eq!(seen[..amount], model.read(amount));
            file.consume(amount);
        }
        Step::Write(bytes) => {
            file.write_all(&bytes).await.unwrap();
            model.write(&bytes);
        }
        Step::WriteDropped(bytes) => {
            if let Some(count) = poll_once(file.write(&bytes)) {
                model.write(&bytes[..count.unwrap()]);
            }
        }
        Step::Flush => file.flush().await.unwrap(),
        Step::FlushDropped => assert!(poll_once(file.flush()).is_none_or(|done| done.is_ok())),
        Step::Seek(to) => {
            // If a dropped operation has failed, this one returns its error.
            let _ = file.stream_position().await;
            assert_eq!(file.seek(to).await.ok(), model.seek(to));
        }
        Step::SeekDropped(to) => {
            if Pin::new(file).start_seek(to).is_ok() {
                model.seek(to);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_steps_do_to_a_view_what_they_do_to_a_file(
        start in prop::collection::vec(any::<u8>(), 0..60),
        steps in steps(),
        max_buf_size in 1..30_usize,
    ) {
        within_a_minute(|stage| {
            let mut model = Model::new(&start);
            multi_thread().block_on(async {
                let mut view = AsyncIo::seekable(model::file(&start)).max_buf_size(max_buf_size);
                for step in steps {
                    stage.at(format!("{step:?}"));
                    make(step, &mut view, &mut model).await;
                }
                view.flush().await.unwrap();
                let (file, ahead) = view.into_parts().await.unwrap();
                assert!(ahead.is_empty());
                model.assert_is(file);
            });
        });
    }
}

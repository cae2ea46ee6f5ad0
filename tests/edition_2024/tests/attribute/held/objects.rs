//! The shapes of an object store: ranges, options, copy and rename with defaults, wrappers.

macro_rules! objects {
    ([$($held:tt)*] $run:ident) => {
        use std::collections::BTreeMap;
        use std::fmt::{Debug, Display};
        use std::ops::{Range, RangeBounds};
        use std::path::Path as LocalPath;
        use std::sync::{Arc, Mutex, PoisonError};

        use crate::held::exchange;

        #[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
        pub(crate) struct Path(String);

        impl<T: AsRef<str> + ?Sized> From<&T> for Path {
            fn from(path: &T) -> Path {
                Path(path.as_ref().to_owned())
            }
        }

        #[derive(Debug)]
        pub(crate) enum Error {
            NotFound { path: Path },
            AlreadyExists(Path),
            Generic { store: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
        }

        impl From<std::num::TryFromIntError> for Error {
            fn from(source: std::num::TryFromIntError) -> Error {
                Error::Generic { store: "memory", source: source.into() }
            }
        }

        pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(crate) enum Mode {
            #[default]
            Overwrite,
            Create,
        }

        #[derive(Clone, Debug, Default)]
        pub(crate) struct Options {
            mode: Mode,
            tags: Vec<(&'static str, String)>,
        }

        $($held)*
        pub(crate) trait ObjectStore: Display + Debug + Send + Sync + 'static {
            async fn put_opts(&self, location: &Path, payload: Arc<[u8]>, options: Options) -> Result<usize>;

            async fn get(&self, location: &Path) -> Result<Arc<[u8]>>;

            async fn delete(&self, location: &Path) -> Result<()>;

            async fn list(&self, prefix: Option<&Path>) -> Vec<Path>;

            async fn put(&self, location: &Path, payload: Arc<[u8]>) -> Result<usize> {
                self.put_opts(location, payload, Options::default()).await
            }

            async fn get_range(&self, location: &Path, range: Range<u64>) -> Result<Vec<u8>> {
                let all = self.get(location).await?;
                let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                Ok(all.get(range).unwrap_or_default().to_vec())
            }

            async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>> {
                let mut parts = Vec::new();
                for range in ranges {
                    parts.push(self.get_range(location, range.clone()).await?);
                }
                Ok(parts)
            }

            async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
                let all = self.get(from).await?;
                self.put(to, all).await.map(|_| ())
            }

            async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
                self.copy(from, to).await?;
                self.delete(from).await
            }
        }

        #[derive(Debug, Default)]
        pub(crate) struct Memory(Mutex<BTreeMap<Path, Arc<[u8]>>>);

        impl Display for Memory {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("memory")
            }
        }

        $($held)*
        impl ObjectStore for Memory {
            async fn put_opts(&self, location: &Path, payload: Arc<[u8]>, Options { mode, tags }: Options) -> Result<usize> {
                exchange(format!("{tags:?}")).await;
                let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if mode == Mode::Create && objects.contains_key(location) {
                    return Err(Error::AlreadyExists(location.clone()));
                }
                objects.insert(location.clone(), payload);
                Ok(objects.len())
            }

            async fn get(&self, location: &Path) -> Result<Arc<[u8]>> {
                exchange("get").await;
                let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                objects.get(location).cloned().ok_or_else(|| Error::NotFound { path: location.clone() })
            }

            async fn delete(&self, location: &Path) -> Result<()> {
                exchange("delete").await;
                self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(location);
                Ok(())
            }

            async fn list(&self, prefix: Option<&Path>) -> Vec<Path> {
                exchange("list").await;
                let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let all = objects.keys().filter(|path| prefix.is_none_or(|prefix| path.0.starts_with(&prefix.0)));
                all.cloned().collect()
            }
        }

        /// Puts a prefix before each path of the inner store.
        #[derive(Debug)]
        pub(crate) struct Prefixed<S: ?Sized> {
            prefix: Path,
            inner: Arc<S>,
        }

        impl<S: ?Sized> Prefixed<S> {
            fn full(&self, path: &Path) -> Path {
                Path(format!("{}/{}", self.prefix.0, path.0))
            }
        }

        impl<S: Display + ?Sized> Display for Prefixed<S> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} in {}", self.prefix.0, self.inner)
            }
        }

        $($held)*
        impl<S: ObjectStore> ObjectStore for Prefixed<S> {
            async fn put_opts(&self, location: &Path, payload: Arc<[u8]>, options: Options) -> Result<usize> {
                self.inner.put_opts(&self.full(location), payload, options).await
            }

            async fn get(&self, location: &Path) -> Result<Arc<[u8]>> {
                self.inner.get(&self.full(location)).await
            }

            async fn delete(&self, location: &Path) -> Result<()> {
                self.inner.delete(&self.full(location)).await
            }

            async fn list(&self, prefix: Option<&Path>) -> Vec<Path> {
                let prefix = prefix.map(|prefix| self.full(prefix));
                self.inner.list(prefix.as_ref()).await
            }
        }

        $($held)*
        async fn upload<'s, S>(store: &'s S, parts: &mut (dyn Iterator<Item = &'s [u8]> + Send), to: impl AsRef<LocalPath> + Send) -> Result<(Path, usize)>
        where
            S: ObjectStore + ?Sized,
        {
            let all: Vec<u8> = parts.flatten().copied().collect();
            let path = Path::from(&to.as_ref().to_string_lossy());
            let count = store.put(&path, all.into()).await?;
            Ok((path, count))
        }

        $($held)*
        async fn sizes<S: ObjectStore, B>(store: Arc<S>, within: B) -> Result<BTreeMap<Path, usize>>
        where
            B: RangeBounds<usize> + Send,
        {
            let mut sizes = BTreeMap::new();
            for path in store.list(None).await {
                let size = store.get(&path).await?.len();
                if within.contains(&size) {
                    sizes.insert(path, size);
                }
            }
            Ok(sizes)
        }

        fn store() -> Memory {
            let objects = [("a", "one"), ("b/c", "three"), ("b/d", "")];
            Memory(Mutex::new(
                objects.iter().map(|(path, text)| (Path::from(path), text.as_bytes().into())).collect(),
            ))
        }

        fn within() -> Prefixed<Memory> {
            Prefixed { prefix: "b".into(), inner: Arc::new(store()) }
        }

        cases! {
            $run:
            store().put_opts(&"a".into(), b"1".as_slice().into(), Options { mode: Mode::Create, tags: vec![] });
            store().put_opts(&"e".into(), b"1".as_slice().into(), Options { tags: vec![("k", "v".into())], ..Default::default() });
            store().put(&"a".into(), b"2".as_slice().into());
            store().get(&"a".into());
            store().get(&"z".into());
            store().delete(&"a".into());
            store().list(Some(&"b".into()));
            store().list(None);
            store().get_range(&"b/c".into(), 1..3);
            store().get_range(&"b/c".into(), 1..30);
            store().get_ranges(&"b/c".into(), &[0..1, 2..4]);
            store().copy(&"a".into(), &"z".into());
            store().rename(&"missing".into(), &"z".into());
            within().get(&"c".into());
            within().list(Some(&"d".into()));
            within().rename(&"c".into(), &"e".into());
            upload(&store(), &mut [b"ab".as_slice(), b"c"].into_iter(), "dir/file");
            sizes(Arc::new(store()), 1..=3);
            sizes(Arc::new(within()), ..);
        }
    };
}

held!(objects);

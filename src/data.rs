//! The `rules/` folder: embedded in the binary, or read from disk when a hospital keeps its own.

use std::borrow::Cow;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Every TOML file of one rules folder, sorted by path so that loading is reproducible.
#[derive(Debug, Clone)]
pub struct DataFolder {
    files: Vec<DataFile>,
}

#[derive(Debug, Clone)]
pub struct DataFile {
    /// Path inside the folder with `/`, e.g. `lexicon/drug.toml`.
    pub path: String,
    pub text: Cow<'static, str>,
}

impl DataFolder {
    /// The rulebook that ships with this binary.
    pub fn embedded() -> Self {
        let mut files = Vec::new();
        collect_embedded(&EMBEDDED, &mut files);
        Self::sorted(files)
    }

    /// A folder on disk with the same layout.
    pub fn open(root: &Path) -> std::io::Result<Self> {
        let mut files = Vec::new();
        collect_on_disk(root, "", &mut files)?;
        Ok(Self::sorted(files))
    }

    /// Files that are already in memory.
    pub fn of(files: Vec<DataFile>) -> Self {
        Self::sorted(files)
    }

    /// The same with another text in one of its files.
    pub fn with(mut self, path: &str, text: &str) -> Self {
        if let Some(file) = self.files.iter_mut().find(|file| file.path == path) {
            file.text = Cow::Owned(text.to_owned());
        }
        self
    }

    fn sorted(mut files: Vec<DataFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }

    /// The files below `prefix`, e.g. `lexicon/`.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a DataFile> {
        self.files.iter().filter(move |file| file.path.starts_with(prefix))
    }

    /// One file by its whole path.
    pub fn file(&self, path: &str) -> Option<&DataFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The same, of the shipped rulebook where this folder has none: a folder that a hospital copied from an older version lacks newer files.
    pub fn file_or_shipped(&self, path: &str) -> Option<DataFile> {
        self.file(path).cloned().or_else(|| Self::embedded().file(path).cloned())
    }

    /// Every file in order of path.
    pub fn iter(&self) -> impl Iterator<Item = &DataFile> {
        self.files.iter()
    }
}

fn collect_embedded(folder: &Dir<'static>, files: &mut Vec<DataFile>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect_embedded(inner, files),
            DirEntry::File(file) if is_toml(file.path()) => {
                if let Some(text) = file.contents_utf8() {
                    files.push(DataFile { path: file.path().to_string_lossy().replace('\\', "/"), text: Cow::Borrowed(text) });
                }
            }
            DirEntry::File(_) => {}
        }
    }
}

fn collect_on_disk(folder: &Path, prefix: &str, files: &mut Vec<DataFile>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect_on_disk(&entry.path(), &format!("{path}/"), files)?;
        } else if is_toml(&entry.path()) {
            let text = std::fs::read_to_string(entry.path())?;
            files.push(DataFile { path, text: Cow::Owned(text) });
        }
    }
    Ok(())
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

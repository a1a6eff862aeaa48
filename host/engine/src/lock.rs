//! Plugin files that were seen before: `stillroom.lock` beside a pipeline file, one for all pipelines of its folder.
//!
//! A plugin's file may be exchanged for another one between two runs, by its author, a download or somebody else. So the
//! first run notes the SHA-256 of each, and a file that is another one later is refused until somebody says that it is
//! right. Built-in plugins are a part of the program and stand in no lock.
//!
//! A line is JSON and the lines are sorted, so that what changed is a line of a diff, and two people's additions merge.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, PluginError, Result};

/// The file's name.
pub const LOCK_FILE: &str = "stillroom.lock";

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// A larger file is no lock.
const MAX_BYTES: u64 = 16 << 20;

/// Digits of a digest that a message shows.
const SHORT: usize = 12;

/// The plugin files of a folder's pipelines, as they were last said to be right.
#[derive(Debug, Clone)]
pub struct Lock {
    folder: PathBuf,
    entries: Entries,
}

type Entries = BTreeMap<String, Pin>;

/// What is known of a plugin's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// SHA-256, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When that was noted, in RFC 3339.
    pub locked: String,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Header {
    stillroom_lock: u32,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
struct Line {
    plugin: String,
    #[serde(flatten)]
    pin: Pin,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was none before.
    Added(String, Pin),
    /// It was another file: what was noted, and what is now.
    Changed(String, Pin, Pin),
    /// It was taken out.
    Removed(String, Pin),
}

impl Pin {
    /// What is to be noted of a file of so many bytes at most.
    ///
    /// # Errors
    /// Where it cannot be read, or is larger.
    pub fn of_file(path: &Path, most: usize) -> Result<Self> {
        let fail = |message: String| PluginError { plugin: path.display().to_string(), message, help: None };
        let (mut digest, mut piece, mut bytes) = (Sha256::new(), vec![0; 64 << 10], 0);
        let mut file = File::open(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(more) => {
                    digest.update(&piece[..more]);
                    bytes += more;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(fail(format!("cannot be read: {error}")).into()),
            }
            if bytes > most {
                return Err(fail(format!("more than {most} bytes, its limit")).into());
            }
        }
        Ok(Self::new(hex(&digest.finalize()), bytes as u64))
    }

    /// What is to be noted of a file of this digest and size.
    pub fn new(sha256: impl Into<String>, bytes: u64) -> Self {
        let locked = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        Self { sha256: sha256.into(), bytes, locked }
    }

    /// The beginning of the digest, for people.
    pub fn short(&self) -> &str {
        self.sha256.get(..SHORT).unwrap_or(&self.sha256)
    }

    /// Whether it is of the same bytes.
    pub fn is_same(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }

    /// That the file of this plugin has these bytes.
    pub(crate) fn check(&self, plugin: &str, digest: &str, bytes: usize) -> Result<()> {
        let found = Self { sha256: digest.to_owned(), bytes: bytes as u64, locked: String::new() };
        if self.is_same(&found) {
            return Ok(());
        }
        let message = format!(
            "is not the file that {LOCK_FILE} records: its SHA-256 is {}… ({} bytes), and was {}… ({} bytes) when it was \
             locked at {}",
            found.short(),
            found.bytes,
            self.short(),
            self.bytes,
            self.locked
        );
        let help = "if you know why it changed, `still lock PIPELINE` records the new one; `still inspect` shows what it \
                    could do; `pin: false` under `plugins:` leaves out a plugin that you are writing yourself";
        Err(PluginError { plugin: plugin.to_owned(), message, help: Some(help.to_owned()) }.into())
    }
}

impl Lock {
    /// The lock beside a pipeline file; empty where there is none yet.
    ///
    /// # Errors
    /// Where it cannot be read or is none.
    pub fn beside(pipeline: &Path) -> Result<Self> {
        let folder = pipeline.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = real(folder);
        let entries = read(&folder.join(LOCK_FILE))?;
        Ok(Self { folder, entries })
    }

    /// Where it is, or will be.
    pub fn path(&self) -> PathBuf {
        self.folder.join(LOCK_FILE)
    }

    /// What a plugin's file is called here: its path from the lock's folder on, with `/`.
    pub fn name_of(&self, plugin: &Path) -> String {
        relative(&self.folder, &real_file(plugin))
    }

    /// What is noted of a plugin's file.
    pub fn get(&self, plugin: &Path) -> Option<&Pin> {
        self.entries.get(&self.name_of(plugin))
    }

    /// All that is noted, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pin)> {
        self.entries.iter().map(|(name, pin)| (name.as_str(), pin))
    }

    /// Notes plugins that nothing is noted of yet, by the names that they have here. What another run has noted meanwhile
    /// stays.
    ///
    /// # Errors
    /// Where it cannot be written, or another run noted another file.
    pub fn add(&mut self, new: &[(String, Pin)]) -> Result<Vec<Change>> {
        self.edit(|entries| {
            let mut changes = Vec::new();
            for (name, pin) in new {
                match entries.get(name) {
                    Some(noted) => noted.check(name, &pin.sha256, pin.bytes as usize)?,
                    None => changes.push(Change::Added(name.clone(), pin.clone())),
                }
            }
            Ok(changes)
        })
    }

    /// What would change if these were noted, whatever is noted now, and if all others were taken out where `prune` says so.
    pub fn changes(&self, plugins: &[(String, Pin)], prune: bool) -> Vec<Change> {
        changes(&self.entries, plugins, prune)
    }

    /// Notes these, whatever was noted before, and takes all others out where `prune` says so.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn accept(&mut self, plugins: &[(String, Pin)], prune: bool) -> Result<Vec<Change>> {
        self.edit(|entries| Ok(changes(entries, plugins, prune)))
    }

    /// Reads the file again, changes it and writes it, while no other process does.
    fn edit(&mut self, work: impl FnOnce(&Entries) -> Result<Vec<Change>>) -> Result<Vec<Change>> {
        let path = self.path();
        // The folder stands for the file, which is exchanged. Where a system cannot lock one, two runs that both find
        // something new at the same moment may lose an entry: the next run adds it.
        let guard = File::open(&self.folder).ok().filter(|folder| folder.lock().is_ok());
        self.entries = read(&path)?;
        let changes = work(&self.entries)?;
        for change in &changes {
            match change {
                Change::Added(name, pin) | Change::Changed(name, _, pin) => {
                    self.entries.insert(name.clone(), pin.clone())
                }
                Change::Removed(name, _) => self.entries.remove(name),
            };
        }
        if !changes.is_empty() {
            write(&path, &self.entries)
                .map_err(|error| failure(&path, format!("cannot be written: {error}"), "`pin: false` locks nothing"))?;
        }
        drop(guard);
        Ok(changes)
    }
}

fn changes(entries: &Entries, plugins: &[(String, Pin)], prune: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, pin) in plugins {
        match entries.get(name) {
            Some(noted) if noted.is_same(pin) => {}
            Some(noted) => changes.push(Change::Changed(name.clone(), noted.clone(), pin.clone())),
            None => changes.push(Change::Added(name.clone(), pin.clone())),
        }
    }
    let is_unused = |name: &String| prune && plugins.iter().all(|(used, _)| used != name);
    let unused = entries.iter().filter(|(name, _)| is_unused(name));
    changes.extend(unused.map(|(name, pin)| Change::Removed(name.clone(), pin.clone())));
    changes
}

/// SHA-256, in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Entries> {
    let mut text = String::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Entries::new()),
        Err(error) => return Err(failure(path, format!("cannot be read: {error}"), "")),
    };
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| failure(path, format!("cannot be read: {error}"), ""))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(failure(path, format!("is larger than {} MiB: it is no lock", MAX_BYTES >> 20), ""));
    }
    parse(&text).map_err(|(line, why)| {
        let help = "put it right, or remove it and let `still lock` write it anew";
        failure(path, format!("line {line}: {why}"), help)
    })
}

fn parse(text: &str) -> std::result::Result<Entries, (usize, String)> {
    let mut lines =
        text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim().is_empty());
    match lines.next().map(|(at, line)| (at, serde_json::from_str::<Header>(line))) {
        None => return Ok(Entries::new()),
        Some((_, Ok(Header { stillroom_lock: VERSION }))) => {}
        Some((at, Ok(Header { stillroom_lock }))) => {
            return Err((at, format!("it is of version {stillroom_lock}, and this program reads version {VERSION}")));
        }
        Some((at, Err(_))) => return Err((at, format!("it does not begin with `{{\"stillroom-lock\":{VERSION}}}`"))),
    }
    let mut entries = Entries::new();
    for (at, line) in lines {
        let Line { plugin, pin } =
            serde_json::from_str(line).map_err(|error| (at, format!("not an entry: {error}")))?;
        if pin.sha256.len() != 64 || !pin.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err((at, "`sha256` is not a SHA-256 in hex".to_owned()));
        }
        if entries.insert(plugin.clone(), pin).is_some() {
            return Err((at, format!("a second entry for `{plugin}`")));
        }
    }
    Ok(entries)
}

fn write(path: &Path, entries: &Entries) -> std::io::Result<()> {
    let mut text = serde_json::to_string(&Header { stillroom_lock: VERSION })? + "\n";
    for (plugin, pin) in entries {
        text += &serde_json::to_string(&Line { plugin: plugin.clone(), pin: pin.clone() })?;
        text.push('\n');
    }
    let mut file = tempfile::Builder::new();
    file.prefix(".stillroom.lock");
    #[cfg(unix)]
    {
        // As any file that a program makes: colleagues read it too.
        use std::os::unix::fs::PermissionsExt;
        file.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = file.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A folder by the one name that all ways to it have.
fn real(folder: &Path) -> PathBuf {
    folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned())
}

/// A file by one name. Where it is itself a link it keeps its own: what it leads to may change.
fn real_file(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    file.file_name().map_or_else(|| real(file), |name| real(folder).join(name))
}

/// The way from a folder to a file, both by their real names, with `/`; the whole name where there is none.
fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), file.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return file.to_string_lossy().replace('\\', "/");
    }
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn failure(path: &Path, message: String, help: &str) -> Error {
    let help = Some(help.to_owned()).filter(|help| !help.is_empty());
    Error::Engine { message: format!("the lock {} {message}", path.display()), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(of: &str) -> Pin {
        Pin::new(sha256(of.as_bytes()), of.len() as u64)
    }

    #[test]
    fn what_is_written_is_read_again_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = folder.path().join("p.yaml");
        let mut lock = Lock::beside(&pipeline).unwrap();
        assert_eq!(lock.iter().count(), 0);
        let new = [("b.wasm".to_owned(), pin("b")), ("../a \"1\".wasm".to_owned(), pin("a"))];
        assert_eq!(lock.add(&new).unwrap().len(), 2);
        let again = Lock::beside(&pipeline).unwrap();
        assert_eq!(again.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["../a \"1\".wasm", "b.wasm"]);
        assert_eq!(again.get(&folder.path().join("x/../b.wasm")).map(Pin::short), None, "the folder x is not there");
        assert_eq!(again.get(&folder.path().join("b.wasm")), Some(&new[0].1));
        assert_eq!(lock.add(&new).unwrap(), []);
        let changed = [("b.wasm".to_owned(), pin("c"))];
        let error = lock.add(&changed).unwrap_err().to_string();
        assert!(error.contains(pin("c").short()) && error.contains(pin("b").short()), "{error}");
        let expected = Change::Changed("b.wasm".into(), new[0].1.clone(), changed[0].1.clone());
        assert_eq!(lock.changes(&changed, false), std::slice::from_ref(&expected));
        let removed = Change::Removed("../a \"1\".wasm".into(), new[1].1.clone());
        assert_eq!(lock.accept(&changed, true).unwrap(), [expected, removed]);
        assert_eq!(Lock::beside(&pipeline).unwrap().iter().count(), 1);
    }

    #[test]
    fn nothing_is_lost_where_many_add() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = folder.path().join("p.yaml");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut lock = Lock::beside(&pipeline).unwrap();
                scope.spawn(move || {
                    for at in 0..8 {
                        let name = format!("{thread}-{at}.wasm");
                        lock.add(&[(name.clone(), pin(&name))]).unwrap();
                    }
                });
            }
        });
        assert_eq!(Lock::beside(&pipeline).unwrap().iter().count(), 32);
    }

    #[test]
    fn what_is_no_lock_is_refused_with_its_line() {
        let sha = "0".repeat(64);
        let entry = format!("{{\"plugin\":\"a\",\"sha256\":\"{sha}\",\"bytes\":1,\"locked\":\"x\"}}");
        let header = "{\"stillroom-lock\":1}\n";
        assert_eq!(parse("").unwrap().len(), 0);
        assert_eq!(parse(&format!("{header}\n{entry}\n")).unwrap().len(), 1);
        for (text, line, words) in [
            ("{}".to_owned(), 1, "does not begin"),
            ("{\"stillroom-lock\":2}".to_owned(), 1, "version 2"),
            (format!("{header}{entry}\n{entry}"), 3, "a second entry for `a`"),
            (format!("{header}<<<<<<< HEAD"), 2, "not an entry"),
            (format!("{header}{}", entry.replace(&sha, "A0")), 2, "not a SHA-256"),
        ] {
            let (at, why) = parse(&text).unwrap_err();
            assert!(at == line && why.contains(words), "{text}: {at}: {why}");
        }
    }

    #[test]
    fn names_go_from_the_folder_to_the_file() {
        let of = |folder: &str, file: &str| relative(Path::new(folder), Path::new(file));
        assert_eq!(of("/a/b", "/a/b/c.wasm"), "c.wasm");
        assert_eq!(of("/a/b", "/a/x/c.wasm"), "../x/c.wasm");
        assert_eq!(of("/", "/c.wasm"), "c.wasm");
    }
}

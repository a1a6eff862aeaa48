//! The file: opening it, its tables, and what is said where it cannot be used.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::error::{Error, Result};

/// "StAn": the mark by which the file is known (`PRAGMA application_id`).
const APPLICATION: i32 = 0x5374_416e;

/// The tables below. A change that an older version cannot read has a new number.
const VERSION: i32 = 1;

/// How long another process is waited for that is writing. A transaction takes milliseconds; a disk may take long.
const BUSY: Duration = Duration::from_secs(60);

/// Pages of the log (4 KiB each, so 64 MiB) after which it is moved into the file, which is when the disk is synced. Keys are
/// digests, so every answer changes other pages; with SQLite's usual 1000 or with 4096 most are moved for one change each, and
/// half as many answers a second are kept.
const LOG_PAGES: u32 = 16_384;

/// Memory for pages, in KiB. The usual 2 MiB does not hold the keys of 100,000 answers.
const CACHE_KIB: i32 = 32 << 10;

/// `answers.json` comes last, so that looking at the other columns does not read it. `taken.place` is null where a number was
/// given back: it is the next that a place gets. `sum` is XXH3 of the JSON, against damage.
const TABLES: &str = "
CREATE TABLE answers (
    key BLOB NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, latency_ms INTEGER NOT NULL, input INTEGER NOT NULL,
    output INTEGER NOT NULL, alias TEXT NOT NULL, sum INTEGER NOT NULL, json TEXT NOT NULL
);
CREATE UNIQUE INDEX answers_key ON answers (key, n);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL UNIQUE, begun INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE TABLE taken (
    run INTEGER NOT NULL, key BLOB NOT NULL, n INTEGER NOT NULL, place BLOB, PRIMARY KEY (run, key, n)
) WITHOUT ROWID;
CREATE INDEX taken_place ON taken (run, place, key, n);
CREATE TABLE spent (
    run INTEGER NOT NULL, alias TEXT NOT NULL, answers INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
    PRIMARY KEY (run, alias)
) WITHOUT ROWID;
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run BLOB NOT NULL, alias TEXT NOT NULL, state TEXT NOT NULL,
    asks TEXT NOT NULL
);
";

/// Opens the file; makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| failed(path, &format!("its folder cannot be made: {error}")))?;
    }
    connect(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// Opens the file only where there is one.
pub(super) fn open_existing(path: &Path) -> Result<Option<Connection>> {
    match path.try_exists() {
        Ok(false) => Ok(None),
        _ => connect(path, OpenFlags::empty()).map(Some),
    }
}

fn connect(path: &Path, more: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let said = |error: rusqlite::Error| broken(path, &error);
    // SQLite takes names that begin with `file:` or a colon for something else.
    let whole = std::path::absolute(path).map_err(|error| failed(path, &error.to_string()))?;
    let mut connection = Connection::open_with_flags(whole, flags).map_err(said)?;
    connection.busy_timeout(BUSY).map_err(said)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Before the first table, or it is of no effect.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(said)?;
    use_log(&connection).map_err(said)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(said)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(said)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(said)?;
    make(&mut connection, path)?;
    Ok(connection)
}

/// SQLite does not wait for another process that does just this, so we do.
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    let until = std::time::Instant::now() + BUSY;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && std::time::Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Makes the tables where the file is new, and looks whose it is where not. One process at a time does.
fn make(connection: &mut Connection, path: &Path) -> Result<()> {
    let said = |error: rusqlite::Error| broken(path, &error);
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(said)?;
    let number = |name: &str| work.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(said);
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = work.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(said)?;
    if application == APPLICATION && version == VERSION {
        return Ok(());
    }
    if application == APPLICATION {
        return Err(failed(
            path,
            &format!("another version of Stillroom made it (form {version}; this one has {VERSION})"),
        ));
    }
    if application != 0 || version != 0 || tables > 0 {
        return Err(failed(path, "it is another program's database"));
    }
    work.execute_batch(TABLES).map_err(said)?;
    work.pragma_update(None, "application_id", APPLICATION).map_err(said)?;
    work.pragma_update(None, "user_version", VERSION).map_err(said)?;
    work.commit().map_err(said)
}

/// What SQLite says, and what to do about it.
pub(super) fn broken(path: &Path, error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Engine {
            message: format!("{} is damaged, or no database of answers: {error}", path.display()),
            help: Some("move it away: what is in it is then asked (and paid) again; or name another file".to_owned()),
        },
        Some(ErrorCode::DiskFull) => Error::Engine {
            message: format!("{}: the disk is full, so answers cannot be kept", path.display()),
            help: Some("free space, then go on with `--resume`".to_owned()),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Engine {
            message: format!("{}: another process has been writing for {} s", path.display(), BUSY.as_secs()),
            help: Some("wait until it has ended, then go on with `--resume`".to_owned()),
        },
        _ => failed(path, &error.to_string()),
    }
}

fn failed(path: &Path, why: &str) -> Error {
    let message = format!("answers cannot be kept in {}: {why}", path.display());
    Error::Engine { message, help: Some("name another file for kept answers".to_owned()) }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

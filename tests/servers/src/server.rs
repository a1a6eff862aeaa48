//! A server that lives as long as the test that started it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::python;

/// Far more than any of them takes: a server that never answers is to be an error, not a test that hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running server. It ends when this is dropped, and when this process ends, in whatever way.
pub struct Server {
    url: String,
    log: PathBuf,
    child: Child,
}

impl Server {
    /// Starts a Python script (see `common.py`), and waits until it says where it listens.
    pub(crate) fn start(name: &str, python: &Path, script: &str, arguments: &[&Path]) -> Result<Self> {
        let logs = python::folder()?.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("cannot make the folder {}", logs.display()))?;
        let log = logs.join(format!("{name}-{}.log", std::process::id()));
        let errors = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let script = format!("{}\n{script}", include_str!("common.py"));
        let mut command = Command::new(python);
        command.args(["-c", &script]).args(arguments).stderr(errors);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", python.display()))?;
        let address = address(&mut child);
        let server = Self { url: format!("{}/v1", address.as_deref().unwrap_or_default()), log, child };
        if address.is_none() {
            let said = fs::read_to_string(&server.log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(20).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            bail!("the server {name} did not start; it said ({}):\n{}", server.log.display(), last.join("\n"));
        }
        Ok(server)
    }

    /// Its address up to and with `/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address without a path.
    pub fn root(&self) -> &str {
        self.url.trim_end_matches("/v1")
    }

    /// The file that its errors go to.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line that it says; none, if it ends before.
fn address(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (told, tell) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // Nobody listens any more where it took too long.
        let _ = told.send(read.is_ok_and(|len| len > 0).then(|| line.trim().to_owned()));
    });
    tell.recv_timeout(PATIENCE).ok().flatten()
}

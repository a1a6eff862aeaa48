//! The Rust toolchain this machine has, and the wasm target in it.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::shell::{TempDir, output};

/// What every plugin is compiled for: no system interface, so nothing to import but what the contract offers.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Uses `std` and allocates, so that it compiles only where the target is whole and of this very compiler.
const PROBE: &str = "
    #[unsafe(no_mangle)]
    pub extern \"C\" fn probe(n: u32) -> usize {
        (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(\",\").len()
    }";

pub(crate) struct Toolchain {
    rustc: OsString,
    /// `1.95.0`
    pub(crate) release: String,
    /// Tells two compilers of one release apart.
    pub(crate) commit: String,
    pub(crate) sysroot: PathBuf,
}

impl Toolchain {
    pub(crate) fn find() -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let version = output(Command::new(&rustc).arg("-vV"))?;
        let field = |name: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(name));
            value.map(str::to_owned).with_context(|| format!("`rustc -vV` prints no `{name}`"))
        };
        let (release, commit) = (field("release: ")?, field("commit-hash: ")?);
        let sysroot = output(Command::new(&rustc).args(["--print", "sysroot"]))?.trim_end().into();
        Ok(Self { rustc, release, commit, sysroot })
    }

    /// Compiles a little program for the target.
    pub(crate) fn probe(&self) -> Result<()> {
        let dir = TempDir::new()?;
        let source = dir.path().join("probe.rs");
        fs::write(&source, PROBE).with_context(|| format!("cannot write {}", source.display()))?;
        let mut rustc = Command::new(&self.rustc);
        rustc.args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=abort", "-O", "--target", TARGET, "-o"]);
        output(rustc.arg(dir.path().join("probe.wasm")).arg(source)).map(drop)
    }

    /// Where the compiler looks for the target's libraries.
    pub(crate) fn target_dir(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET)
    }

    /// Where cargo looks for the source of the standard library.
    pub(crate) fn library_source(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust/library")
    }

    /// Whether rustup keeps a list of the target's files.
    pub(crate) fn target_is_rustups(&self) -> bool {
        self.sysroot.join(format!("lib/rustlib/manifest-rust-std-{TARGET}")).exists()
    }

    /// Whether the target's standard library was built here rather than downloaded.
    pub(crate) fn std_is_ours(&self) -> bool {
        self.target_dir().join(crate::build_std::MARK).exists()
    }
}

/// The cargo that runs this program, in the repository.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

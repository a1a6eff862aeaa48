//! A package of another Debian suite, from the mirror this machine uses, with the keys it trusts.
//!
//! Everything apt reads or writes is in a private folder: the machine's sources, lists and cache stay as they are.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::shell::{output, say};

/// Where a release of Rust may be, the smallest index first. Backports keeps the last few, testing and unstable one.
const SUITES: [&str; 4] = ["trixie-backports", "trixie", "forky", "sid"];

/// Downloads `package` of exactly the upstream version `release` into `dir`; returns the file.
pub(crate) fn download(package: &str, release: &str, dir: &Path) -> Result<PathBuf> {
    let mirrors = debian_mirrors()?;
    let apt = Apt::new(&dir.join("apt"))?;
    let mut looked_in = Vec::new();
    for mirror in &mirrors {
        for suite in SUITES {
            say(format_args!("looking for {package} {release} in Debian's {suite}"));
            match apt.versions(mirror, suite, package) {
                Ok(madison) => match choose_version(&madison, release) {
                    Some(version) => return apt.get(package, version),
                    None => looked_in.push(format!("{suite} has another version")),
                },
                Err(error) => looked_in.push(format!("{suite}: {error:#}")),
            }
        }
    }
    bail!("no Debian package {package} of version {release} ({})", looked_in.join("; "))
}

/// An apt that reads and writes nothing but one folder.
struct Apt {
    dir: PathBuf,
}

impl Apt {
    fn new(dir: &Path) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(part)).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        let path = |name: &str| dir.join(name).display().to_string();
        // The hooks that some images have after an update clean the machine's own cache: not ours to do.
        let config = format!(
            "#clear APT::Update::Pre-Invoke;\n\
             #clear APT::Update::Post-Invoke;\n\
             #clear APT::Update::Post-Invoke-Success;\n\
             Dir::Etc::SourceList \"{}\";\n\
             Dir::Etc::SourceParts \"-\";\n\
             Dir::State::Lists \"{}\";\n\
             Dir::Cache \"{}\";\n\
             Acquire::Languages \"none\";\n\
             APT::Update::Error-Mode \"any\";\n\
             APT::Sandbox::User \"root\";\n",
            path("mirror.sources"),
            path("lists"),
            path("cache"),
        );
        fs::write(dir.join("apt.conf"), config)?;
        Ok(Self { dir: dir.to_owned() })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.dir).arg("-c").arg(self.dir.join("apt.conf"));
        command
    }

    /// What `apt-cache madison` says about `package` in one suite.
    fn versions(&self, mirror: &Source, suite: &str, package: &str) -> Result<String> {
        fs::write(self.dir.join("mirror.sources"), mirror.stanza(suite))?;
        output(self.command("apt-get").args(["-q", "update"]))?;
        output(self.command("apt-cache").args(["madison", package]))
    }

    fn get(&self, package: &str, version: &str) -> Result<PathBuf> {
        say(format_args!("downloading {package} {version}"));
        output(self.command("apt-get").args(["-q", "download"]).arg(format!("{package}={version}")))?;
        let files = fs::read_dir(&self.dir)?.filter_map(|entry| Some(entry.ok()?.path()));
        let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
        files.into_iter().find(is_package).context("apt-get has downloaded no package")
    }
}

/// The version in `madison` whose upstream part is exactly `release`: `1.95.0+dfsg1-2`, not `1.95.0~beta.3`.
fn choose_version<'a>(madison: &'a str, release: &str) -> Option<&'a str> {
    let versions = madison.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    versions.into_iter().find(|version| version.strip_prefix(release).is_some_and(|rest| rest.starts_with(['+', '-'])))
}

/// Where this machine gets Debian itself from.
fn debian_mirrors() -> Result<Vec<Source>> {
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| os.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_matches('"'));
    let (Some("debian"), Some(codename)) = (field("ID="), field("VERSION_CODENAME=")) else {
        bail!("this machine is not a Debian release");
    };
    let mirrors: Vec<_> = machine_sources()?.into_iter().filter(|source| source.is_debian(codename)).collect();
    if mirrors.is_empty() {
        bail!("no apt source of this machine has the suite {codename} with the component main");
    }
    Ok(mirrors)
}

fn machine_sources() -> Result<Vec<Source>> {
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    let mut files: Vec<_> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.insert(0, "/etc/apt/sources.list".into());
    let mut sources = Vec::new();
    for file in files.iter().filter(|file| file.exists()) {
        let read = || fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(parse_list(&read()?)),
            Some("sources") => sources.extend(parse_deb822(&read()?)),
            _ => {}
        }
    }
    Ok(sources)
}

/// One entry of apt's sources, in either of the two forms it is written in.
#[derive(Debug, PartialEq)]
struct Source {
    uris: String,
    suites: String,
    components: String,
    /// Whatever else it says, above all `Signed-By`, as fields of the deb822 form.
    options: Vec<(String, String)>,
}

impl Source {
    fn is_debian(&self, codename: &str) -> bool {
        let has = |words: &str, word| words.split_whitespace().any(|other| other == word);
        has(&self.suites, codename) && has(&self.components, "main") && !self.uris.starts_with("cdrom:")
    }

    /// The same mirror with another suite, in the deb822 form.
    fn stanza(&self, suite: &str) -> String {
        let Self { uris, options, .. } = self;
        let options = options.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Targets"));
        let options: String = options.map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("Types: deb\nURIs: {uris}\nSuites: {suite}\nComponents: main\nTargets: Packages\n{options}")
    }
}

/// `deb [signed-by=/usr/share/keyrings/debian.gpg arch=amd64] http://mirror/debian bookworm main contrib`
fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_list_line).collect()
}

fn parse_list_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match line.strip_prefix('[') {
        Some(line) => line.split_once(']')?,
        None => ("", line),
    };
    let mut words = rest.split_whitespace();
    let (uris, suites) = (words.next()?.to_owned(), words.next()?.to_owned());
    let components = words.collect::<Vec<_>>().join(" ");
    let options = options.split_whitespace().filter_map(|option| option.split_once('='));
    let options = options.map(|(name, value)| (field_name(name).to_owned(), value.replace(',', " "))).collect();
    Some(Source { uris, suites, components, options })
}

/// What an option of the one-line form is called in the deb822 form.
fn field_name(option: &str) -> &str {
    match option {
        "arch" => "Architectures",
        "lang" => "Languages",
        "target" => "Targets",
        name => name,
    }
}

/// Stanzas of `Field: value`, where a line that starts with a space goes on with the value (a key may stand there).
fn parse_deb822(text: &str) -> Vec<Source> {
    let mut stanzas = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let stanza = stanzas.last_mut();
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.and_then(|fields| fields.last_mut()) {
                value.push('\n');
                value.push_str(line);
            }
        } else if let (Some(fields), Some((name, value))) = (stanza, line.split_once(':')) {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    stanzas.into_iter().filter_map(source_of_stanza).collect()
}

fn source_of_stanza(mut fields: Vec<(String, String)>) -> Option<Source> {
    let mut take = |name: &str| {
        let at = fields.iter().position(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(fields.remove(at).1)
    };
    let is_binary = take("Types")?.split_whitespace().any(|kind| kind == "deb");
    let is_enabled = !take("Enabled").is_some_and(|value| ["no", "false", "0"].contains(&value.as_str()));
    let (uris, suites) = (take("URIs")?, take("Suites")?);
    let components = take("Components").unwrap_or_default();
    (is_binary && is_enabled).then_some(Source { uris, suites, components, options: fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(uris: &str, suites: &str, components: &str, options: &[(&str, &str)]) -> Source {
        let options = options.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        Source { uris: uris.into(), suites: suites.into(), components: components.into(), options }
    }

    #[test]
    fn one_line_sources() {
        let text = "\
            # deb http://commented/debian bookworm main\n\
            deb http://mirror/debian bookworm main contrib # with a remark\n\
            deb-src http://mirror/debian bookworm main\n\
            debris\n\
            \n\
            deb [ signed-by=/keys/a.gpg arch=amd64,arm64 ] http://mirror/debian\tbookworm-updates  main\n\
            deb [trusted=yes] file:/srv/flat ./\n";
        let expected = [
            source("http://mirror/debian", "bookworm", "main contrib", &[]),
            source(
                "http://mirror/debian",
                "bookworm-updates",
                "main",
                &[("signed-by", "/keys/a.gpg"), ("Architectures", "amd64 arm64")],
            ),
            source("file:/srv/flat", "./", "", &[("trusted", "yes")]),
        ];
        assert_eq!(parse_list(text), expected);
    }

    #[test]
    fn deb822_sources() {
        let text = "\
            Types: deb deb-src\n\
            # a remark\n\
            URIs: http://mirror/debian\n\
            Suites: bookworm bookworm-updates\n\
            Components: main\n\
            Signed-By: /keys/debian.gpg\n\
            \n\
            \n\
            types: deb\n\
            uris: http://other/apt\n\
            suites: stable\n\
            components: main\n\
            signed-by:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n\
            \n\
            Types: deb-src\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\n\
            \n\
            Enabled: no\nTypes: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\n";
        let key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF";
        let expected = [
            source("http://mirror/debian", "bookworm bookworm-updates", "main", &[("Signed-By", "/keys/debian.gpg")]),
            source("http://other/apt", "stable", "main", &[("signed-by", key)]),
        ];
        assert_eq!(parse_deb822(text), expected);
    }

    #[test]
    fn a_mirror_is_recognised_among_other_sources() {
        assert!(source("http://mirror/debian", "bookworm bookworm-updates", "main", &[]).is_debian("bookworm"));
        assert!(!source("http://mirror/debian-security", "bookworm-security", "main", &[]).is_debian("bookworm"));
        assert!(!source("http://vendor/apt", "bookworm", "stable", &[]).is_debian("bookworm"));
        assert!(!source("cdrom:[Debian]/", "bookworm", "main", &[]).is_debian("bookworm"));
    }

    #[test]
    fn a_mirror_keeps_its_trust_in_another_suite() {
        let mirror = source("http://mirror/debian", "bookworm", "main", &[("Signed-By", "/keys/debian.gpg")]);
        let stanza = mirror.stanza("trixie-backports");
        let expected = [source(
            "http://mirror/debian",
            "trixie-backports",
            "main",
            &[("Targets", "Packages"), ("Signed-By", "/keys/debian.gpg")],
        )];
        assert_eq!(parse_deb822(&stanza), expected);
    }

    #[test]
    fn the_version_is_exactly_the_compilers() {
        let madison = "\
            rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror/debian trixie-backports/main amd64 Packages\n\
            rust-src | 1.95.0~beta.3+dfsg1-1 | http://mirror/debian trixie-backports/main amd64 Packages\n\
            rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror/debian trixie-backports/main amd64 Packages\n\
            rust-src | 1.9.0-1 | http://mirror/debian trixie-backports/main amd64 Packages\n";
        assert_eq!(choose_version(madison, "1.95.0"), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(choose_version(madison, "1.9.0"), Some("1.9.0-1"));
        assert_eq!(choose_version(madison, "1.9"), None);
        assert_eq!(choose_version(madison, "1.97.0-nightly"), None);
        assert_eq!(choose_version("", "1.95.0"), None);
    }
}

//! Files: what is in a granted folder, and no way out of it.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::{process::Command, time::Duration};

#[cfg(unix)]
use stillroom::Limits;
use stillroom::capability::{FolderGrant, Grants};
use stillroom_tests::{Bench, engine, explain};

#[cfg(unix)]
use crate::limited;
use crate::{Able, least, load};

fn granted(folder: &Path, write: bool) -> Grants {
    let grant = FolderGrant { name: "data".to_owned(), path: folder.to_owned(), write };
    Grants { files: Some(vec![grant]), ..least() }
}

/// A folder that is granted, with a secret beside it.
fn scene(write: bool) -> (Bench, Able) {
    let bench = Bench::default();
    for folder in ["inside", "inside/deep", "outside"] {
        fs::create_dir(bench.path(folder)).expect("a folder");
    }
    bench.write("inside/a.txt", "open to all");
    bench.write("inside/deep/b.txt", "below");
    bench.write("outside/secret.txt", "a secret");
    bench.write("secret.txt", "a secret");
    let able = Able::with(granted(&bench.path("inside"), write));
    (bench, able)
}

#[test]
fn what_is_granted_can_be_read() {
    let (_bench, mut able) = scene(false);
    let answers =
        able.all(&["folders", "list|data", "read|data|a.txt", "read|data|deep/../deep/b.txt", "stat|data|a.txt"]);
    assert_eq!(answers, [r#"["data"]"#, "a.txt deep", "open to all", "below", "11"]);
    assert!(able.one("read|data|none.txt").contains("no-entry"));
}

#[test]
fn without_folders_there_is_nothing() {
    let mut able = Able::with(least());
    assert_eq!(able.one("folders"), "[]");
    assert!(able.one("read|data|a.txt").starts_with("error"));
}

#[test]
fn what_is_only_for_reading_is_not_changed() {
    let (bench, mut able) = scene(false);
    for command in [
        "write|data|a.txt|changed",
        "write|data|new.txt|new",
        "mkdir|data|new",
        "rmdir|data|deep",
        "unlink|data|a.txt",
        "rename|data|a.txt|c.txt",
        "link|data|a.txt|c.txt",
        "symlink|data|a.txt|c.txt",
    ] {
        let answer = able.one(command);
        assert_eq!(answer, "error not-permitted", "{command}");
    }
    assert_eq!(bench.read("inside/a.txt"), "open to all");
    assert_eq!(fs::read_dir(bench.path("inside")).expect("the folder").count(), 2);
}

#[test]
fn what_is_for_writing_is_changed() {
    let (bench, mut able) = scene(true);
    let answers = able.all(&[
        "write|data|a.txt|changed",
        "mkdir|data|new",
        "write|data|new/c.txt|new",
        "rename|data|new/c.txt|d.txt",
        "unlink|data|deep/b.txt",
        "rmdir|data|deep",
        "link|data|a.txt|e.txt",
        "symlink|data|a.txt|f.txt",
        "read|data|f.txt",
    ]);
    assert_eq!(answers, ["7", "done", "3", "done", "done", "done", "done", "done", "changed"]);
    assert_eq!((bench.read("inside/a.txt"), bench.read("inside/d.txt")), ("changed".to_owned(), "new".to_owned()));
}

#[test]
fn nothing_goes_from_a_folder_for_reading_to_one_for_writing() {
    let bench = Bench::default();
    for folder in ["read", "write"] {
        fs::create_dir(bench.path(folder)).expect("a folder");
    }
    bench.write("read/a.txt", "open to all");
    bench.write("write/b.txt", "mine");
    let grant = |name: &str, write| FolderGrant { name: name.to_owned(), path: bench.path(name), write };
    let mut able = Able::with(Grants { files: Some(vec![grant("read", false), grant("write", true)]), ..least() });
    for command in ["move-to|read|a.txt|write", "link-to|read|a.txt|write", "move-to|write|b.txt|read"] {
        assert_eq!(able.one(command), "error not-permitted", "{command}");
    }
    assert_eq!(able.all(&["list|read", "list|write", "read|write|b.txt"]), ["a.txt", "b.txt", "mine"]);
}

/// What never opens: a call ends all the same, and so does the engine.
#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_holds_nobody() {
    let bench = Bench::default();
    let made = Command::new("mkfifo").arg(bench.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let engine = limited(Limits { time: Duration::from_millis(200), ..Limits::default() });
    let mut able = Able::on(&engine, granted(bench.path("").as_path(), false));
    let message = able.fails("read|data|pipe");
    assert!(message.contains("took longer than its time limit of 200ms"), "{message}");
}

#[test]
fn no_path_leads_out() {
    let (bench, mut able) = scene(true);
    let absolute = bench.path("secret.txt").display().to_string();
    let inner = bench.path("inside/a.txt").display().to_string();
    for path in [
        "../secret.txt",
        "deep/../../secret.txt",
        "deep/../../../../../../../../etc/passwd",
        "./../secret.txt",
        "..//secret.txt",
        "../inside/../secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        "..",
        "/",
        &absolute,
        // Even where it leads back in.
        &inner,
        "../inside/a.txt",
    ] {
        for command in [
            format!("read|data|{path}"),
            format!("stat|data|{path}"),
            format!("write|data|{path}|gotcha"),
            format!("within|data|deep|../{path}"),
            format!("rename|data|a.txt|{path}"),
            format!("link|data|{path}|mine"),
            format!("rename|data|{path}|mine"),
            format!("unlink|data|{path}"),
            format!("mkdir|data|{path}/new"),
        ] {
            let answer = able.one(&command);
            assert!(answer.starts_with("error "), "{command}: {answer}");
            // It is refused as such, and not because nothing is there.
            assert!(!command.starts_with("read") || answer.contains("not-permitted"), "{command}: {answer}");
            assert!(!answer.contains("secret") && !answer.contains("root:"), "{command}: {answer}");
        }
    }
    assert_eq!(bench.read("secret.txt"), "a secret");
    assert_eq!(bench.read("inside/a.txt"), "open to all");
    assert!(!bench.path("inside/mine").exists());
}

#[cfg(unix)]
#[test]
fn no_symbolic_link_leads_out() {
    use std::os::unix::fs::symlink;
    let (bench, mut able) = scene(true);
    let link = |to: &Path, name: &str| symlink(to, bench.path("inside").join(name)).expect("a link");
    link(&bench.path("secret.txt"), "absolute");
    link(Path::new("../secret.txt"), "relative");
    link(&bench.path("outside"), "folder");
    link(Path::new("../outside"), "relative-folder");
    link(Path::new("relative"), "twice");
    link(Path::new("loop"), "loop");
    link(Path::new("deep/b.txt"), "fine");
    for path in ["absolute", "relative", "folder/secret.txt", "relative-folder/secret.txt", "twice", "loop"] {
        for command in [format!("read|data|{path}"), format!("write|data|{path}|gotcha"), format!("stat|data|{path}")] {
            let answer = able.one(&command);
            let why = if path == "loop" { "loop" } else { "not-permitted" };
            assert!(answer.starts_with("error ") && answer.contains(why), "{command}: {answer}");
        }
    }
    assert!(able.one("within|data|folder|secret.txt").starts_with("error "));
    assert_eq!(able.one("read|data|fine"), "below", "one that stays inside is followed");
    assert!(able.one("readlink|data|absolute").starts_with("error "), "where it leads to is not told");
    assert_eq!((bench.read("secret.txt"), bench.read("outside/secret.txt")), ("a secret".into(), "a secret".into()));
}

#[cfg(unix)]
#[test]
fn no_link_that_the_guest_makes_leads_out() {
    let (bench, mut able) = scene(true);
    let absolute = format!("symlink|data|{}|absolute", bench.path("secret.txt").display());
    assert!(able.one(&absolute).starts_with("error "), "an absolute one is not made");
    // One that leads nowhere yet, and out once it is moved up.
    let made = able.one("symlink|data|../../secret.txt|deep/far");
    assert_eq!((&*made, &*able.one("read|data|deep/far")), ("done", "error not-permitted"));
    let inner = able.all(&["symlink|data|../a.txt|deep/near", "read|data|deep/near", "rename|data|deep/near|near"]);
    assert_eq!(inner, ["done", "open to all", "done"]);
    bench.write("a.txt", "a secret");
    assert_eq!(able.one("read|data|near"), "error not-permitted", "now it leads out");
    // A folder that is open and whose parent is moved.
    let answers = able.all(&["mkdir|data|x", "mkdir|data|x/y", "rename|data|x/y|y", "within|data|y|../../secret.txt"]);
    assert!(answers[3].starts_with("error "), "{answers:?}");
    // A hard link to what a link leads to.
    assert_eq!(able.all(&["link|data|near|hard", "read|data|hard"]), ["done", "error not-permitted"]);
    assert_eq!(bench.read("secret.txt"), "a secret");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let bench = Bench::default();
    bench.write("file.txt", "no folder");
    for name in ["none", "file.txt"] {
        let error = load(engine(1), "able", granted(&bench.path(name), false)).err().expect("no such folder");
        let error = explain(&error);
        assert!(error.contains(&format!("{name}`, granted as `data`, cannot be opened")), "{error}");
    }
}
